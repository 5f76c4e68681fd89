/* A random walk over all that an arena can do. */
#include <stdbool.h>
#include <synos/arena.h>
#include <synos/ktest.h>
#include <synos/rng.h>
#include <synos/string.h>
#include "live_blocks.h"

/* Buffers that are live at a step: each is filled with its number, so that two that share memory are seen. */
struct walk {
    struct arena arena;
    struct {
        unsigned char *data;
        size_t bytes;
    } buffers[64];
    struct arena_mark marks[8];
    unsigned counts[8]; /* buffers that were live at the mark */
    unsigned live, depth;
};

static bool all_intact(const struct walk *walk)
{
    for (unsigned i = 0; i < walk->live; i++)
        for (size_t at = 0; at < walk->buffers[i].bytes; at++)
            if (walk->buffers[i].data[at] != (unsigned char)(i + 1)) return false;
    return true;
}

static void step(struct walk *walk, struct rng *rng)
{
    const uint32_t kind = rng_below(rng, 16);

    if (kind == 0) {
        arena_reset(&walk->arena);
        walk->live = walk->depth = 0;
    } else if (kind < 3 && walk->depth < 8) {
        walk->counts[walk->depth] = walk->live;
        walk->marks[walk->depth++] = arena_mark(&walk->arena);
    } else if (kind < 5 && walk->depth > 0) {
        walk->depth = rng_below(rng, walk->depth);
        arena_release(&walk->arena, walk->marks[walk->depth]);
        walk->live = walk->counts[walk->depth];
    } else if (walk->live < 64) {
        const size_t bytes = 1 + rng_below(rng, 8u << rng_below(rng, 11));

        walk->buffers[walk->live].data = arena_alloc(&walk->arena, bytes, rng_below(rng, 4));
        walk->buffers[walk->live].bytes = bytes;
        if (walk->buffers[walk->live].data)
            memset(walk->buffers[walk->live].data, (int)walk->live + 1, bytes);
        walk->live++;
    }
}

KTEST(tensor_arena, a_random_walk_keeps_every_buffer_and_every_invariant)
{
    static struct walk walk;
    const size_t live = live_blocks();
    struct rng rng;

    rng_seed(&rng, 9);
    walk.live = walk.depth = 0;
    KTEST_EQUAL(test, arena_create(&walk.arena, 4096), 0);
    for (int i = 0; i < 1500; i++) {
        step(&walk, &rng);
        KTEST_TRUE(test, all_intact(&walk));
        KTEST_TEXT(test, arena_check(&walk.arena) ?: "sound", "sound");
    }
    arena_destroy(&walk.arena);
    KTEST_EQUAL(test, live_blocks(), live);
}
