/* Tests of the heap: sizes, joining, bad frees. */
#include <synos/heap.h>
#include <synos/ktest.h>
#include <synos/layout.h>
#include <synos/string.h>
#include "misuse_trap.h"

#define SOUND(test) KTEST_TEXT(test, heap_check() ?: "sound", "sound")

static struct heap_stats stats_now(void)
{
    struct heap_stats stats;

    heap_stats(&stats);
    return stats;
}

KTEST(mm_heap, every_size_is_rounded_up_to_whole_units)
{
    for (size_t bytes = 1; bytes <= 40 * HEAP_UNIT; bytes += bytes % HEAP_UNIT <= 1 ? 1 : HEAP_UNIT - 2) {
        void *block = heap_alloc(bytes);

        KTEST_TRUE(test, block);
        KTEST_EQUAL(test, heap_usable(block), (bytes + HEAP_UNIT - 1) / HEAP_UNIT * HEAP_UNIT);
        KTEST_EQUAL(test, (uintptr_t)block % HEAP_UNIT, 0);
        memset(block, 0x33, bytes);
        heap_free(block);
    }
    SOUND(test);
}

KTEST(mm_heap, what_cannot_be_had_is_refused_and_counted)
{
    const uint64_t failures = stats_now().failures;

    KTEST_TRUE(test, heap_alloc(0) == NULL);
    KTEST_TRUE(test, heap_alloc(SIZE_MAX) == NULL);
    KTEST_TRUE(test, heap_alloc(HEAP_SIZE) == NULL);
    KTEST_TRUE(test, heap_alloc(HEAP_SIZE / 2) == NULL);
    KTEST_EQUAL(test, stats_now().failures,
                failures + 1); /* the last: it has the size of a block, but no memory */
    SOUND(test);
}

KTEST(mm_heap, neighbours_join_in_every_order_of_their_frees)
{
    static const unsigned char orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                               {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    for (int order = 0; order < 6; order++) {
        const struct heap_stats before = stats_now();
        void *blocks[3];

        for (int i = 0; i < 3; i++) blocks[i] = heap_alloc(3000 + 5000 * (size_t)i);
        for (int i = 0; i < 3; i++) {
            heap_free(blocks[orders[order][i]]);
            SOUND(test);
        }
        KTEST_EQUAL(test, stats_now().free_blocks, before.free_blocks);
        KTEST_EQUAL(test, stats_now().live, before.live);
    }
}

KTEST(mm_heap, a_hole_is_filled_before_the_arena_grows)
{
    void *hole = heap_alloc(20 * HEAP_UNIT), *wall = heap_alloc(HEAP_UNIT);

    heap_free(hole);
    const size_t committed = stats_now().committed;
    void *again = heap_alloc(20 * HEAP_UNIT);
    KTEST_TRUE(test, again == hole);
    KTEST_EQUAL(test, stats_now().committed, committed);
    heap_free(again);
    heap_free(wall);
    SOUND(test);
}

KTEST(mm_heap, the_tightest_of_a_few_holes_is_taken)
{
    void *wide = heap_alloc(31 * HEAP_UNIT), *wall = heap_alloc(HEAP_UNIT);
    void *tight = heap_alloc(30 * HEAP_UNIT), *end = heap_alloc(HEAP_UNIT);

    heap_free(tight);
    heap_free(wide); /* the newer one: it would be the first to be looked at */
    void *fits = heap_alloc(30 * HEAP_UNIT);
    KTEST_TRUE(test, fits == tight);
    heap_free(fits);
    heap_free(wall);
    heap_free(end);
    SOUND(test);
}

KTEST(mm_heap, bad_frees_are_caught_at_the_free)
{
    char *block = heap_alloc(10000), *wall = heap_alloc(1);
    const struct heap_stats before = stats_now();

    for (size_t offset = 1; offset < 10240; offset += 341)
        KTEST_TRUE(test, is_misuse(heap_free, block + offset, MISUSE_INTERIOR_FREE));
    KTEST_TRUE(test, is_misuse(heap_free, block + HEAP_UNIT, MISUSE_INTERIOR_FREE));
    KTEST_TRUE(test, is_misuse(heap_free, NULL, MISUSE_FOREIGN_FREE));
    KTEST_TRUE(test, is_misuse(heap_free, (void *)POOL_BASE, MISUSE_FOREIGN_FREE));
    KTEST_TRUE(test, is_misuse(heap_free, (void *)(HEAP_BASE + HEAP_SIZE / 2), MISUSE_FOREIGN_FREE));
    KTEST_TRUE(test, is_misuse(heap_free, (void *)HEAP_BASE, MISUSE_UNALLOCATED_FREE));
    KTEST_TRUE(test, is_misuse(heap_free, (void *)(HEAP_BASE + HEAP_SIZE / 2 - HEAP_UNIT), MISUSE_UNALLOCATED_FREE));
    KTEST_EQUAL(test, stats_now().live, before.live);
    heap_free(block);
    KTEST_TRUE(test, is_misuse(heap_free, block, MISUSE_DOUBLE_FREE));
    heap_free(wall);
    KTEST_TRUE(test, is_misuse(heap_free, wall, MISUSE_DOUBLE_FREE)); /* joined into what is free behind it */
    SOUND(test);
}

KTEST(mm_heap, counts_follow_what_is_asked_for_and_granted)
{
    const struct heap_stats before = stats_now();
    void *block = heap_alloc(9000);
    const struct heap_stats after = stats_now();

    KTEST_EQUAL(test, after.requested - before.requested, 9000);
    KTEST_EQUAL(test, after.live - before.live, 9 * HEAP_UNIT);
    KTEST_EQUAL(test, after.live_blocks - before.live_blocks, 1);
    KTEST_EQUAL(test, after.allocations - before.allocations, 1);
    KTEST_TRUE(test, after.peak >= after.live);
    heap_free(block);
    KTEST_EQUAL(test, stats_now().requested, before.requested);
}
