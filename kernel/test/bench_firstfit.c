/* Tests of the first-fit heap: an opponent that is wrong, or slower than it must be, makes every comparison
 * worthless. */
#include <synos/heap.h>
#include <synos/ktest.h>
#include <synos/rng.h>
#include <synos/string.h>
#include "../bench/firstfit.h"

#define ARENA (1ul << 20)
enum { SLOTS = 150 };

#define SOUND(test) KTEST_TEXT(test, firstfit_check() ?: "sound", "sound")

KTEST(bench_firstfit, the_lowest_block_that_fits_is_taken)
{
    void *arena = heap_alloc(ARENA);

    firstfit_start(arena, ARENA);
    void *low = firstfit_alloc(100), *wall = firstfit_alloc(1), *middle = firstfit_alloc(500),
         *end = firstfit_alloc(1);
    firstfit_free(low);
    firstfit_free(middle);
    KTEST_EQUAL(test, firstfit_free_blocks(), 3);
    KTEST_TRUE(test, firstfit_alloc(400) == middle);
    KTEST_TRUE(test, firstfit_alloc(90) == low);
    firstfit_free(low);
    firstfit_free(middle);
    firstfit_free(wall);
    KTEST_EQUAL(test, firstfit_free_blocks(), 2);
    firstfit_free(end);
    KTEST_EQUAL(test, firstfit_free_blocks(), 1);
    SOUND(test);
    heap_free(arena);
}

KTEST(bench_firstfit, a_random_walk_keeps_every_invariant)
{
    static unsigned char *blocks[SLOTS];
    void *arena = heap_alloc(ARENA);
    struct rng rng;

    memset(blocks, 0, sizeof(blocks));
    rng_seed(&rng, 5);
    firstfit_start(arena, ARENA);
    for (int step = 0; step < 2000; step++) {
        const uint32_t at = rng_below(&rng, SLOTS);

        if (blocks[at]) {
            KTEST_EQUAL(test, blocks[at][0], at);
            firstfit_free(blocks[at]);
            blocks[at] = NULL;
        } else {
            const size_t bytes = 1 + rng_below(&rng, 4u << rng_below(&rng, 11));

            blocks[at] = firstfit_alloc(bytes);
            KTEST_TRUE(test,
                       blocks[at] && (uintptr_t)blocks[at] % 64 == 0 && firstfit_usable(blocks[at]) >= bytes);
            memset(blocks[at], (int)at, bytes);
        }
        SOUND(test);
    }
    heap_free(arena);
}

KTEST(bench_firstfit, the_holes_that_are_asked_for_are_there)
{
    void *arena = heap_alloc(4 * ARENA);

    firstfit_start_with_holes(arena, 4 * ARENA, 1000);
    KTEST_EQUAL(test, firstfit_free_blocks(), 1001); /* and the rest of the arena */
    SOUND(test);
    KTEST_TRUE(test, firstfit_alloc(8 * ARENA) == NULL);
    heap_free(arena);
}
