/* A run of allocations in which memory ends at the n-th page, for every n: nothing is lost, nothing is handed
 * out twice. */
#include <stdio.h>
#include <string.h>
#include <synos/alloc.h>
#include <synos/heap.h>
#include <synos/ktest.h>
#include <synos/pool.h>
#include "shim.h"

enum { STEPS = 96 };

static unsigned char *blocks[STEPS];

static size_t size_of_step(size_t step)
{
    static const uint32_t sizes[] = {64, 100, 4096, 9000, 8192, 512, 40000, 2048, 1, 70000, 1024, 8193};

    return sizes[step % (sizeof(sizes) / sizeof(*sizes))];
}

/* How many of the allocations failed. */
static size_t allocate_all(void)
{
    size_t failed = 0;

    for (size_t step = 0; step < STEPS; step++) {
        blocks[step] = kmalloc(size_of_step(step));
        if (blocks[step])
            memset(blocks[step], (int)step, size_of_step(step));
        else
            failed++;
    }
    return failed;
}

static bool are_intact_and_freed(void)
{
    for (size_t step = 0; step < STEPS; step++) {
        if (!blocks[step]) continue;
        for (size_t i = 0; i < size_of_step(step); i++)
            if (blocks[step][i] != step) return false;
        kfree(blocks[step]);
    }
    return true;
}

KTEST(mm_memory_ends, at_the_nth_page_for_all_n_of_a_run)
{
    size_t failed = 1;
    uint64_t pages = 0;

    for (; failed > 0; pages++) {
        kmem_trim();
        shim_fail_maps_after(pages);
        failed = allocate_all();
        shim_fail_maps_after(UINT64_MAX);
        KTEST_TEXT(test, pool_check() ?: heap_check() ?: "sound", "sound");
        KTEST_TRUE(test, are_intact_and_freed());
        KTEST_TEXT(test, pool_check() ?: heap_check() ?: "sound", "sound");
    }
    printf("    # memory ended at each of %llu pages\n", (unsigned long long)pages - 1);
    KTEST_TRUE(test, pages > 50);
}
