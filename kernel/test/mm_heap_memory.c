/* Tests of what the heap does with its memory: taking it, moving it, giving it back, and running out of it.
 */
#include <synos/alloc.h>
#include <synos/frame.h>
#include <synos/heap.h>
#include <synos/ktest.h>
#include <synos/layout.h>
#include <synos/rng.h>
#include <synos/string.h>
#include "misuse_trap.h"

#define SOUND(test) KTEST_TEXT(test, heap_check() ?: frame_check() ?: "sound", "sound")

enum { BLOCKS = 40, MIB = 1 << 20 };

static unsigned char *blocks[BLOCKS];

static struct heap_stats stats_now(void)
{
    struct heap_stats stats;

    heap_stats(&stats);
    return stats;
}

/* Blocks of one size with their number all over. */
static bool fill_all(size_t count, size_t bytes)
{
    for (size_t i = 0; i < count; i++) {
        blocks[i] = heap_alloc(bytes);
        if (!blocks[i]) return false;
        memset(blocks[i], (int)i, bytes);
    }
    return true;
}

static bool is_filled(const unsigned char *memory, size_t bytes, size_t value)
{
    for (size_t i = 0; i < bytes; i++)
        if (memory[i] != value) return false;
    return true;
}

/* Frees every second block, so that none of the holes is longer than one. */
static void free_every_second(size_t count)
{
    for (size_t i = 0; i < count; i += 2) heap_free(blocks[i]);
}

static bool others_are_intact_and_freed(size_t count, size_t bytes)
{
    bool intact = true;

    for (size_t i = 1; i < count; i += 2) {
        intact &= is_filled(blocks[i], bytes, i);
        heap_free(blocks[i]);
    }
    return intact;
}

KTEST(mm_heap_memory, trimming_gives_back_all_but_what_shares_a_page_with_live_blocks)
{
    struct frame_stats before, after;

    heap_free(heap_alloc(100ul * BLOCKS * HEAP_UNIT)); /* page tables, once made, stay */
    heap_trim();
    frame_stats(&before);
    const struct heap_stats held = stats_now();
    KTEST_TRUE(test, fill_all(BLOCKS, 100000));
    free_every_second(BLOCKS);
    const size_t given = heap_trim();
    SOUND(test);
    KTEST_TRUE(test, given >= BLOCKS / 2 * (100000 - 2 * PAGE_SIZE));
    KTEST_TRUE(test, others_are_intact_and_freed(BLOCKS, 100000));
    heap_trim();
    SOUND(test);
    frame_stats(&after);
    KTEST_TRUE(test, heap_committed() <= held.committed);
    KTEST_TRUE(test, after.free + (stats_now().overhead - held.overhead) / PAGE_SIZE >= before.free);
}

KTEST(mm_heap_memory, a_free_into_memory_that_was_given_back_is_told)
{
    char *first = heap_alloc(MIB), *wall = heap_alloc(HEAP_UNIT), *last = heap_alloc(MIB);

    heap_free(first);
    heap_free(last);
    heap_trim();
    KTEST_TRUE(test, is_misuse(heap_free, first + 8 * PAGE_SIZE, MISUSE_RETURNED_FREE));
    KTEST_TRUE(test, is_misuse(heap_free, first + 8 * PAGE_SIZE + 8, MISUSE_INTERIOR_FREE));
    KTEST_TRUE(test, is_misuse(heap_free, last + MIB / 2, MISUSE_RETURNED_FREE));
    KTEST_EQUAL(test, heap_usable(first), 0);
    heap_free(wall);
    SOUND(test);
}

KTEST(mm_heap_memory, holes_lend_their_memory_to_a_block_that_fits_into_none)
{
    const size_t bytes = 64 * HEAP_UNIT, wanted = (size_t)BLOCKS / 2 * 56 * HEAP_UNIT;

    heap_trim();
    KTEST_TRUE(test, fill_all(BLOCKS, bytes));
    free_every_second(BLOCKS);
    heap_free(heap_alloc(HEAP_UNIT)); /* joins what is kept */
    const uint64_t moved = stats_now().moved_pages;
    kmem_limit(kmem_committed());
    unsigned char *large = heap_alloc(wanted);
    kmem_limit(SIZE_MAX);
    KTEST_TRUE(test, large);
    KTEST_TRUE(test, stats_now().moved_pages >= moved + wanted / PAGE_SIZE - BLOCKS);
    SOUND(test);
    memset(large, 0xee, wanted);
    KTEST_TRUE(test, others_are_intact_and_freed(BLOCKS, bytes));
    KTEST_TRUE(test, is_filled(large, wanted, 0xee));
    heap_free(large);
    heap_trim();
    SOUND(test);
}

/*
 * Each of these blocks needs a run that fits into none of the holes which the ones before left, and is a unit
 * of it; the rest becomes the next hole. In the end the holes are many times the most that was ever live,
 * whatever ran before: a heap that moved no memory would hold as much.
 */
KTEST(mm_heap_memory, what_is_committed_stays_near_the_peak_however_blocks_lie)
{
    enum { MOST = 1024, TIMES = 5 };
    static void *walls[MOST];
    size_t count = 0;

    heap_trim();
    const struct heap_stats before = stats_now();
    const size_t wanted = (before.peak / HEAP_ALIGNMENT_MAX + 2) * TIMES;
    KTEST_TRUE(test, wanted <= MOST);
    while (count < wanted) {
        walls[count] = heap_alloc_aligned(HEAP_UNIT, HEAP_ALIGNMENT_MAX);
        KTEST_TRUE(test, walls[count++]);
        KTEST_TRUE(test, heap_committed() <=
                             before.peak + before.peak / 4 + HEAP_ALIGNMENT_MAX + 2 * PAGE_SIZE * count);
        SOUND(test);
    }
    while (count > 0) heap_free(walls[--count]);
    KTEST_EQUAL(test, stats_now().live, before.live);
    heap_trim();
    SOUND(test);
}

KTEST(mm_heap_memory, a_request_beyond_all_memory_fails_and_takes_none)
{
    struct frame_stats before, after;

    heap_trim();
    frame_stats(&before);
    KTEST_TRUE(test, heap_alloc(HEAP_SIZE / 2 - HEAP_UNIT) == NULL);
    KTEST_TRUE(test, heap_alloc_aligned(before.free * PAGE_SIZE, PAGE_SIZE) == NULL);
    frame_stats(&after);
    KTEST_TRUE(test, after.free + 64 >= before.free); /* descriptors for what nearly fitted may stay */
    SOUND(test);
}

/* A walk whose memory ends at the n-th page: 0 when it did not. */
static unsigned walk(uint64_t seed, unsigned pages)
{
    static const uint32_t sizes[] = {9000, 20000, 70000, 9000, 150000, 33000, 1024, 300000};
    unsigned failed = 0;
    struct rng rng;

    rng_seed(&rng, seed);
    kmem_limit(kmem_committed() + pages * PAGE_SIZE);
    for (unsigned step = 0; step < 150; step++) {
        const unsigned at = rng_below(&rng, BLOCKS);
        const uint32_t bytes = sizes[rng_below(&rng, 8)];

        if (blocks[at]) {
            heap_free(blocks[at]);
            blocks[at] = NULL;
            continue;
        }
        blocks[at] =
            step % 7 == 0 ? heap_alloc_aligned(bytes, 1ul << (10 + rng_below(&rng, 6))) : heap_alloc(bytes);
        if (blocks[at])
            memset(blocks[at], (int)at, bytes);
        else
            failed++;
    }
    kmem_limit(SIZE_MAX);
    return failed;
}

static void free_all(void)
{
    for (unsigned at = 0; at < BLOCKS; at++) {
        if (blocks[at]) heap_free(blocks[at]);
        blocks[at] = NULL;
    }
}

KTEST(mm_heap_memory, memory_may_end_at_any_page)
{
    unsigned failed = 1, pages = 0;

    memset(blocks, 0, sizeof(blocks));
    for (; failed > 0; pages += pages < 40 ? 1 : 7) {
        heap_trim();
        failed = walk(7, pages);
        SOUND(test);
        for (unsigned at = 0; at < BLOCKS; at++)
            KTEST_TRUE(test, !blocks[at] || is_filled(blocks[at], 1024, at));
        free_all();
        SOUND(test);
    }
    KTEST_TRUE(test, pages > 100);
    heap_trim();
    SOUND(test);
}

/* More holes than stand in one row, and back. */
KTEST(mm_heap_memory, many_holes_and_few_again_are_found_by_length)
{
    enum { HOLES = 200 };
    static void *holes[HOLES], *walls[HOLES];

    for (size_t i = 0; i < HOLES; i++) {
        holes[i] = heap_alloc((1 + i * 37 % 97) * HEAP_UNIT);
        walls[i] = heap_alloc(HEAP_UNIT);
    }
    for (size_t i = 0; i < HOLES; i++) {
        heap_free(holes[i]);
        SOUND(test);
    }
    KTEST_TRUE(test, stats_now().free_blocks > 100);
    const size_t committed = heap_committed();
    for (size_t i = 0; i < HOLES; i++) {
        holes[i] = heap_alloc((97 - i * 37 % 97) * HEAP_UNIT);
        KTEST_TRUE(test, holes[i]);
        SOUND(test);
    }
    KTEST_TRUE(test, heap_committed() <= committed + committed / 4);
    for (size_t i = 0; i < HOLES; i++) {
        heap_free(walls[i]);
        heap_free(holes[i]);
        SOUND(test);
    }
    heap_trim();
    SOUND(test);
}

/* Holes whose lengths share a bin, the tightest for the last request the first one made: bins look at only
 * the latest few of them, the row at all. */
KTEST(mm_heap_memory, when_there_are_few_holes_again_the_tightest_of_all_is_found)
{
    enum { MANY = 400, FEW = 6, LENGTH = 64, WALL = 100 };
    static void *holes[MANY], *walls[FEW];

    for (size_t i = 0; i < MANY; i++) holes[i] = heap_alloc(20 * HEAP_UNIT);
    for (size_t i = 0; i < MANY; i += 2) heap_free(holes[i]);
    heap_free(heap_alloc(21 * HEAP_UNIT)); /* joins what is kept */
    KTEST_TRUE(test, stats_now().free_blocks > MANY / 4);
    for (size_t i = 1; i < MANY; i += 2) heap_free(holes[i]);
    heap_trim();
    for (size_t i = 0; i < FEW; i++) {
        holes[i] = heap_alloc((LENGTH + (i == 0 ? 0 : FEW - i)) * HEAP_UNIT);
        walls[i] = heap_alloc(WALL * HEAP_UNIT);
    }
    for (size_t i = 0; i < FEW; i++) {
        heap_free(holes[i]);
        heap_free(heap_alloc(2ul * WALL * HEAP_UNIT));
    }
    void *block = heap_alloc(LENGTH * HEAP_UNIT);
    KTEST_TRUE(test, block == holes[0]);
    heap_free(block);
    for (size_t i = 0; i < FEW; i++) heap_free(walls[i]);
    heap_trim();
    SOUND(test);
}
