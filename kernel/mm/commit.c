/* Frames for pools and heap, counted and limited. */
#include <stdbool.h>
#include <synos/alloc.h>
#include <synos/frame.h>
#include <synos/layout.h>
#include "commit.h"

static size_t committed, limit = SIZE_MAX;

/* Counts a page in if the limit allows it. A page that is refused is never counted: it could have another CPU
 * refused that has room. */
static bool count_in(void)
{
    size_t before = __atomic_load_n(&committed, __ATOMIC_RELAXED);

    do {
        if (before + PAGE_SIZE > __atomic_load_n(&limit, __ATOMIC_RELAXED)) return false;
    } while (!__atomic_compare_exchange_n(&committed, &before, before + PAGE_SIZE, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return true;
}

uint64_t commit_frame(void)
{
    if (!count_in()) return 0;
    const uint64_t phys = frame_alloc(1);

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
