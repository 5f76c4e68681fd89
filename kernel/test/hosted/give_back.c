/* How often trim unmaps: each time all CPUs must flush their TLBs, and trim waits for them. */
#include <synos/ktest.h>
#include <synos/pool.h>
#include "shim.h"

enum { AT_ONCE = 64 }; /* pages */

static unsigned unmaps;

static void count_up(void)
{
    unmaps++;
}

KTEST(mm_give_back, pages_that_lie_side_by_side_go_back_many_at_once)
{
    static void *objects[POOL_CAPACITY];
    size_t count = 0;

    pool_trim();
    while (count < POOL_CAPACITY && (objects[count] = pool_alloc(PAGE_SIZE)) != NULL) count++;
    for (size_t i = 0; i < count; i++) pool_free(objects[i]);
    unmaps = 0;
    shim_on_unmap(count_up);
    const size_t pages = pool_trim() / PAGE_SIZE;
    shim_on_unmap(NULL);
    KTEST_TRUE(test, pages == count && count > POOL_CAPACITY / 2); /* others may have some in their caches */
    KTEST_TRUE(test, unmaps > 0 && unmaps <= POOL_CAPACITY / AT_ONCE + (POOL_CAPACITY - count));
    KTEST_TEXT(test, pool_check() ?: "sound", "sound");
}
