/* A random walk over kmalloc and its model that checks every invariant after each step. */
#include <stdio.h>
#include <time.h>
#include <synos/alloc.h>
#include <synos/frame.h>
#include <synos/ktest.h>
#include <synos/rng.h>
#include "model.h"

unsigned model_seconds = 4;

/* Sizes as in the recorded traces: most of them small, a few large, and often the same few again. */
static size_t choose_size(struct rng *rng)
{
    static const uint32_t common[] = {64, 256, 512, 1024, 4096, 8192, 8193, 65536};
    const uint32_t dice = rng_below(rng, 16);

    if (dice < 6) return common[rng_below(rng, 8)];
    if (dice < 14) return 1 + rng_below(rng, 2u << rng_below(rng, 13));
    return 1 + rng_below(rng, 100000);
}

static bool step(struct rng *rng, unsigned bias)
{
    const size_t live = model_live();
    const uint32_t dice = rng_below(rng, 16);

    if (rng_below(rng, 500) == 0) kmem_trim();
    if (live > 0 && dice == 15) return model_refuses(rng_next(rng), rng_below(rng, 20000));
    if (live < MODEL_BLOCKS && (live == 0 || dice < bias))
        return model_allocate(choose_size(rng), (unsigned char)rng_next(rng));
    return model_release(rng_next(rng), dice == 14);
}

KTEST(mm_model, kmalloc_agrees_with_a_sorted_table_of_live_blocks_at_every_step)
{
    const clock_t end = clock() + (clock_t)model_seconds * CLOCKS_PER_SEC;
    unsigned long steps = 0;
    struct rng rng;

    rng_seed(&rng, 4);
    for (; clock() < end; steps++) {
        const unsigned bias = steps / 4096 % 3 == 0 ? 11 : 6; /* grow for a while, then shrink for longer */

        KTEST_TRUE(test, step(&rng, bias));
        KTEST_TEXT(test, model_check(), "sound");
        if (steps % 1024 == 0) {
            KTEST_TRUE(test, model_intact());
            KTEST_TEXT(test, frame_check() ?: "sound", "sound");
        }
    }
    printf("    # %lu steps, %zu blocks live at the end\n", steps, model_live());
    while (model_live() > 0) KTEST_TRUE(test, model_release(0, true));
    KTEST_TEXT(test, model_check(), "sound");
}

KTEST(mm_model, when_memory_runs_out_allocation_fails_and_comes_back_after_frees)
{
    static void *blocks[MODEL_BLOCKS];
    struct frame_stats frames;
    size_t count = 0;

    while (count < MODEL_BLOCKS && (blocks[count] = kmalloc(60000)) != NULL) count++;
    KTEST_TRUE(test, count > 100 && count < MODEL_BLOCKS);
    KTEST_TEXT(test, model_check(), "sound");
    frame_stats(&frames);
    KTEST_TRUE(test, frames.free <= 60000 / 4096);
    for (size_t i = 0; i < count; i++) kfree(blocks[i]);
    void *again = kmalloc(count * 60000);
    KTEST_TRUE(test, again);
    kfree(again);
}
