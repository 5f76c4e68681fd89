/* Which frame lies behind each page of the windows, for any machine made of a process. */
#include <synos/heap.h>
#include <synos/layout.h>
#include <synos/vm.h>
#include "shim.h"

/* Of both windows; 0: none. Untouched pages of it cost nothing. */
static uint32_t frames_behind[(POOL_SIZE * 2 + HEAP_SIZE) / PAGE_SIZE];

static uint32_t *frame_behind(const void *virt)
{
    const uintptr_t in_pool = (uintptr_t)virt - POOL_BASE, in_heap = (uintptr_t)virt - HEAP_BASE;

    return &frames_behind[(in_pool < POOL_SIZE * 2 ? in_pool : POOL_SIZE * 2 + in_heap) / PAGE_SIZE];
}

void shim_note_frames(void *virt, uint64_t phys, size_t pages)
{
    for (size_t i = 0; i < pages; i++)
        *frame_behind((char *)virt + i * PAGE_SIZE) = (uint32_t)(phys / PAGE_SIZE + i);
}

void shim_forget_frames(void *virt, size_t pages)
{
    for (size_t i = 0; i < pages; i++) *frame_behind((char *)virt + i * PAGE_SIZE) = 0;
}

uint64_t vm_frame(const void *virt)
{
    return (uint64_t)*frame_behind(virt) * PAGE_SIZE;
}

void *phys_to_virt(uint64_t phys)
{
    return (void *)(DIRECT_MAP_BASE + phys);
}
