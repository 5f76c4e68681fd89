/* Tests of the allocators that the kernel's are compared with: a wrong opponent makes every comparison
 * worthless. */
#include <synos/heap.h>
#include <synos/ktest.h>
#include <synos/rng.h>
#include <synos/string.h>
#include "../bench/allocator.h"

#define ARENA (1ul << 20)
enum { SLOTS = 150, STEPS = 1500 };

#define SOUND(test, allocator) KTEST_TEXT(test, (allocator)->check() ?: "sound", "sound")

/* Fills each block with its slot's number: one that overlaps another loses it. */
static void walk_randomly(struct ktest *test, const struct allocator *allocator)
{
    static unsigned char *blocks[SLOTS];
    struct rng rng;

    memset(blocks, 0, sizeof(blocks));
    rng_seed(&rng, 5);
    for (int step = 0; step < STEPS; step++) {
        const uint32_t at = rng_below(&rng, SLOTS);

        if (blocks[at]) {
            KTEST_EQUAL(test, blocks[at][0], at);
            allocator->free(blocks[at]);
            blocks[at] = NULL;
        } else {
            const size_t bytes = 1 + rng_below(&rng, 4u << rng_below(&rng, 12));

            blocks[at] = allocator->alloc(bytes);
            KTEST_TRUE(test, blocks[at] && (uintptr_t)blocks[at] % 64 == 0);
            KTEST_TRUE(test, allocator->usable(blocks[at]) >= bytes);
            memset(blocks[at], (int)at, allocator->usable(blocks[at]));
        }
        SOUND(test, allocator);
    }
}

KTEST(bench_baselines, a_random_walk_keeps_every_invariant)
{
    char *arena = heap_alloc(ARENA);

    for (int i = 0; i < BASELINE_COUNT; i++) {
        KTEST_TRUE(test, baselines[i].start(arena + 8, ARENA - 8)); /* at an odd place */
        walk_randomly(test, &baselines[i]);
    }
    heap_free(arena);
}

/* Allocates until there is no more; `last` is the end of the chain of all blocks. */
static size_t fill(const struct allocator *allocator, size_t bytes, void ***last)
{
    size_t count = 0;

    for (void **block; (block = allocator->alloc(bytes)) != NULL; count++) {
        *block = *last;
        *last = block;
    }
    return count;
}

static void empty(const struct allocator *allocator, void **last)
{
    while (last) {
        void **block = last;

        last = *block;
        allocator->free(block);
    }
}

KTEST(bench_baselines, what_was_all_freed_is_one_block_again_but_for_the_list)
{
    char *arena = heap_alloc(ARENA);

    for (int i = 0; i < BASELINE_COUNT; i++) {
        struct allocator_space before, after;
        void **last = NULL;

        baselines[i].start(arena, ARENA);
        baselines[i].space(&before);
        KTEST_TRUE(test, before.total > ARENA - ARENA / 32 && before.total <= ARENA);
        KTEST_TRUE(test, fill(&baselines[i], 100, &last) >= ARENA / 64 / 3);
        baselines[i].space(&after);
        KTEST_TRUE(test, after.total < 128);
        SOUND(test, &baselines[i]);
        empty(&baselines[i], last);
        SOUND(test, &baselines[i]);
        baselines[i].space(&after);
        KTEST_EQUAL(test, after.total, before.total);
        KTEST_EQUAL(test, after.largest, i == BASELINE_LIST ? 128 : before.largest);
    }
    heap_free(arena);
}

/* What lies in an arena and around it before: the mark of a free block of buddy's. */
enum { RUBBISH = 0x81 };

KTEST(bench_baselines, an_arena_of_any_size_is_used_or_refused_and_never_left)
{
    unsigned char *arena = heap_alloc(8192);

    for (int i = 0; i < BASELINE_COUNT; i++)
        for (size_t bytes = 0; bytes < 4096; bytes += 13) {
            void **last = NULL;

            memset(arena, RUBBISH, 8192);
            if (!baselines[i].start(arena + 64, bytes)) {
                KTEST_TRUE(test, bytes < 512);
                continue;
            }
            KTEST_TRUE(test, fill(&baselines[i], 48, &last) > 0);
            SOUND(test, &baselines[i]);
            empty(&baselines[i], last);
            SOUND(test, &baselines[i]);
            KTEST_EQUAL(test, arena[63], RUBBISH);
            KTEST_EQUAL(test, arena[64 + bytes], RUBBISH);
        }
    heap_free(arena);
}

KTEST(bench_baselines, what_is_larger_than_the_arena_is_refused)
{
    void *arena = heap_alloc(ARENA);

    for (int i = 0; i < BASELINE_COUNT; i++) {
        baselines[i].start(arena, ARENA);
        for (unsigned shift = 20; shift < 64; shift++)
            KTEST_TRUE(test, baselines[i].alloc((size_t)1 << shift) == NULL);
        SOUND(test, &baselines[i]);
    }
    heap_free(arena);
}

KTEST(bench_baselines, tlsf_takes_a_block_of_the_next_range_rather_than_search_its_own)
{
    const struct allocator *tlsf = &baselines[BASELINE_TLSF];
    void *arena = heap_alloc(ARENA);

    tlsf->start(arena, ARENA);
    char *exact = tlsf->alloc(5000 - 16), *wall = tlsf->alloc(1);
    tlsf->free(exact);
    /* 5056 bytes lie in the range from 4992: a request of the same size looks from 5120 on. */
    KTEST_TRUE(test, tlsf->alloc(5000 - 16) > (void *)wall);
    KTEST_TRUE(test, tlsf->alloc(4900) == exact);
    SOUND(test, tlsf);
    heap_free(arena);
}

KTEST(bench_baselines, buddies_lie_at_multiples_of_their_size_and_join_only_with_their_own_half)
{
    const struct allocator *buddy = &baselines[BASELINE_BUDDY];
    void *arena = heap_alloc(ARENA);

    buddy->start(arena, ARENA);
    char *blocks[4];
    for (int i = 0; i < 4; i++) blocks[i] = buddy->alloc(4096);
    for (int i = 1; i < 4; i++) KTEST_EQUAL(test, blocks[i] - blocks[0], i * 4096);
    buddy->free(blocks[1]);
    buddy->free(blocks[2]); /* neighbours, but no buddies */
    KTEST_TRUE(test, buddy->alloc(8192) != blocks[1]);
    buddy->free(blocks[3]);
    KTEST_TRUE(test, buddy->alloc(8192) == blocks[2]);
    SOUND(test, buddy);
    heap_free(arena);
}

KTEST(bench_baselines, the_list_gives_the_newest_block_of_the_class_and_no_other)
{
    const struct allocator *list = &baselines[BASELINE_LIST];
    void *arena = heap_alloc(ARENA);

    list->start(arena, ARENA);
    void *small = list->alloc(64), *older = list->alloc(65), *newer = list->alloc(128);
    list->free(older);
    list->free(newer);
    list->free(small);
    KTEST_TRUE(test, list->alloc(100) == newer);
    KTEST_TRUE(test, list->alloc(100) == older);
    KTEST_TRUE(test, list->alloc(64) == small);
    KTEST_TRUE(test, list->alloc(1) > older);
    SOUND(test, list);
    heap_free(arena);
}
