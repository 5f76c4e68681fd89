/* Tests of the heap: sizes, joining, bad frees. */
#include <synos/heap.h>
#include <synos/ktest.h>
#include <synos/layout.h>
#include <synos/profile.h>
#include <synos/string.h>
#include "../mm/heap_layout.h"
#include "misuse_trap.h"

#define SOUND(test) KTEST_TEXT(test, heap_check() ?: "sound", "sound")

static struct heap_stats stats_now(void)
{
    struct heap_stats stats;

    heap_stats(&stats);
    return stats;
}

/* In the shape of a function that frees, to be called with a trap for misuse. */
static void take_20000(void *unused)
{
    (void)unused;
    heap_alloc(20000);
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
        const size_t live = stats_now().live;
        void *blocks[3];

        heap_trim(); /* no other hole is left that could take one of them */
        char *hole = heap_alloc(60 * HEAP_UNIT), *wall = heap_alloc(9 * HEAP_UNIT);
        heap_free(hole);
        for (int i = 0; i < 3; i++) blocks[i] = heap_alloc((10 + 5 * (size_t)i) * HEAP_UNIT);
        for (int i = 0; i < 3; i++) {
            heap_free(blocks[orders[order][i]]);
            heap_free(heap_alloc(HEAP_UNIT)); /* joins what was kept */
            SOUND(test);
        }
        char *whole = heap_alloc(60 * HEAP_UNIT); /* in the hole, but for what is free at its ends */
        KTEST_TRUE(test, whole < hole + 60 * HEAP_UNIT && whole + 60 * HEAP_UNIT > hole);
        heap_free(whole);
        heap_free(wall);
        SOUND(test);
        KTEST_EQUAL(test, stats_now().live, live);
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
    KTEST_TRUE(
        test, is_misuse(heap_free, (void *)(HEAP_BASE + HEAP_SIZE / 2 - HEAP_UNIT), MISUSE_UNALLOCATED_FREE));
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

KTEST(mm_heap, a_freed_block_is_kept_whole_for_the_next_request_of_its_length)
{
    char *block = heap_alloc(50 * HEAP_UNIT), *wall = heap_alloc(HEAP_UNIT);

    heap_free(block);
    const struct heap_stats before = stats_now();
    KTEST_TRUE(test, before.kept >= 50 * HEAP_UNIT);
    KTEST_TRUE(test, is_misuse(heap_free, block, MISUSE_DOUBLE_FREE));
    KTEST_TRUE(test, is_misuse(heap_free, block + HEAP_UNIT, MISUSE_DOUBLE_FREE));
    KTEST_TRUE(test, is_misuse(heap_free, block + 1, MISUSE_INTERIOR_FREE));
    KTEST_EQUAL(test, heap_usable(block), 0);
    SOUND(test);
    KTEST_TRUE(test, heap_alloc(50 * HEAP_UNIT - 1000) == block);
    KTEST_EQUAL(test, stats_now().quick_hits, before.quick_hits + 1);
    KTEST_EQUAL(test, stats_now().kept, before.kept - 50 * HEAP_UNIT);
    heap_free(block);
    heap_free(wall);
    SOUND(test);
}

KTEST(mm_heap, what_is_kept_is_joined_when_another_length_is_asked_for)
{
    char *blocks[6];

    heap_trim();
    char *hole = heap_alloc(500 * HEAP_UNIT), *wall = heap_alloc(HEAP_UNIT);
    heap_free(hole);
    for (int i = 0; i < 6; i++) blocks[i] = heap_alloc(80 * HEAP_UNIT);
    for (int i = 0; i < 6; i++) { /* more than are kept */
        heap_free(blocks[i]);
        SOUND(test);
    }
    KTEST_EQUAL(test, stats_now().kept, 80ul * HEAP_KEPT * HEAP_UNIT);
    const size_t committed = heap_committed();
    char *large = heap_alloc(480 * HEAP_UNIT);
    KTEST_TRUE(test, large < hole + 30 * HEAP_UNIT && large + 30 * HEAP_UNIT > hole);
    KTEST_EQUAL(test, stats_now().kept, 0);
    KTEST_EQUAL(test, heap_committed(), committed);
    heap_free(large);
    heap_free(wall);
    SOUND(test);
}

KTEST(mm_heap, the_peak_is_the_most_that_was_ever_live)
{
    enum { BIG = 3000 };
    void *rise = heap_alloc(stats_now().peak - stats_now().live +
                            HEAP_UNIT); /* from here on every unit is a new peak */

    KTEST_TRUE(test, rise);
    KTEST_EQUAL(test, stats_now().peak, stats_now().live);
    void *one = heap_alloc(BIG), *two = heap_alloc(BIG);
    const size_t peak = stats_now().live;
    KTEST_EQUAL(test, stats_now().peak, peak);
    heap_free(one);
    one = heap_alloc(BIG); /* as high again, by what was kept */
    KTEST_EQUAL(test, stats_now().peak, peak);
    heap_free(one);
    heap_free(two);
    heap_free(rise);
    KTEST_EQUAL(test, stats_now().peak, peak);
    SOUND(test);
}

KTEST(mm_heap, aligned_blocks_lie_where_they_should_and_waste_nothing)
{
    for (size_t alignment = 1; alignment <= HEAP_ALIGNMENT_MAX; alignment *= 2) {
        const struct heap_stats before = stats_now();
        void *unaligned = heap_alloc(HEAP_UNIT), *block = heap_alloc_aligned(5000, alignment);

        KTEST_TRUE(test, block);
        KTEST_EQUAL(test, (uintptr_t)block % alignment, 0);
        KTEST_EQUAL(test, heap_usable(block), 5 * HEAP_UNIT);
        KTEST_EQUAL(test, stats_now().live, before.live + 6 * HEAP_UNIT);
        KTEST_EQUAL(test, stats_now().requested, before.requested + 5000 + HEAP_UNIT);
        SOUND(test);
        heap_free(block);
        const uint64_t hits = stats_now().quick_hits;
        KTEST_TRUE(test, heap_alloc_aligned(5000, alignment) == block);
        KTEST_EQUAL(test, stats_now().quick_hits, hits + 1);
        heap_free(block);
        heap_free(unaligned);
        SOUND(test);
    }
}

KTEST(mm_heap, alignments_that_are_none_are_refused)
{
    KTEST_TRUE(test, heap_alloc_aligned(5000, 0) == NULL);
    KTEST_TRUE(test, heap_alloc_aligned(5000, 48) == NULL);
    KTEST_TRUE(test, heap_alloc_aligned(5000, 2 * HEAP_ALIGNMENT_MAX) == NULL);
    KTEST_TRUE(test, heap_alloc_aligned(0, 4096) == NULL);
    KTEST_TRUE(test, heap_alloc_aligned(SIZE_MAX, 4096) == NULL);
    KTEST_TRUE(test, heap_alloc_aligned(HEAP_SIZE / 2, 4096) == NULL);
    SOUND(test);
}

struct seen {
    const void *wanted, *before;
    size_t bytes, count;
    bool in_order;
    const void *owner;
};

static void see(const struct heap_block *block, void *context)
{
    struct seen *seen = context;

    seen->count++;
    seen->in_order &= block->memory > seen->before;
    seen->before = block->memory;
    if (block->memory != seen->wanted) return;
    seen->bytes = block->bytes;
    seen->owner = block->owner;
}

KTEST(mm_heap, each_live_block_is_seen_once_with_its_size_and_in_debug_its_owner)
{
    void *block = heap_alloc(12345);
    struct seen seen = {.wanted = block, .in_order = true};

    heap_set_owner(block, stats_now);
    heap_each_live(see, &seen);
    KTEST_EQUAL(test, seen.count, stats_now().live_blocks);
    KTEST_TRUE(test, seen.in_order);
    KTEST_EQUAL(test, seen.bytes, 12345);
    KTEST_TRUE(test, seen.owner == (SYNOS_DEBUG ? (const void *)stats_now : NULL));
    heap_free(block);
}

KTEST(mm_heap, a_write_into_a_kept_block_is_found_when_it_goes_out_again)
{
    unsigned char *block = heap_alloc(20000);

    heap_free(block);
    block[9999] = 1; // NOLINT(clang-analyzer-unix.Malloc): that is the question
    KTEST_EQUAL(test, misuse_of(take_20000, NULL).count, SYNOS_DEBUG ? 1 : 0);
    heap_free(block);
    SOUND(test);
}
