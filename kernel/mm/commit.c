/* Frames for pools and heap, counted and limited. */
#include <synos/alloc.h>
#include <synos/frame.h>
#include <synos/layout.h>
#include "commit.h"

static size_t committed, limit = SIZE_MAX;

uint64_t commit_frame(void)
{
    const size_t after = __atomic_add_fetch(&committed, PAGE_SIZE, __ATOMIC_RELAXED);
    const uint64_t phys = after <= __atomic_load_n(&limit, __ATOMIC_RELAXED) ? frame_alloc(1) : 0;

    if (phys == 0) __atomic_sub_fetch(&committed, PAGE_SIZE, __ATOMIC_RELAXED);
    return phys;
}

size_t commit_room(void)
{
    const size_t held = kmem_committed(), most = __atomic_load_n(&limit, __ATOMIC_RELAXED);
    const size_t allowed = most > held ? (most - held) / PAGE_SIZE : 0, free = frame_available();

    return allowed < free ? allowed : free;
}

void uncommit_frame(uint64_t phys)
{
    frame_free(phys, 1);
    __atomic_sub_fetch(&committed, PAGE_SIZE, __ATOMIC_RELAXED);
}

size_t kmem_committed(void)
{
    return __atomic_load_n(&committed, __ATOMIC_RELAXED);
}

void kmem_limit(size_t bytes)
{
    __atomic_store_n(&limit, bytes, __ATOMIC_RELAXED);
}
