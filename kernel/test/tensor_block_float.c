/* Tests of the blocks: every implementation against reference outputs, and what a pass does with its memory.
 */
#include <stdbool.h>
#include <stdint.h>
#include <synos/errors.h>
#include <synos/heap.h>
#include <synos/inference.h>
#include <synos/ktest.h>
#include <synos/pool.h>
#include <synos/string.h>
#include "tensor_reference.h"

enum { MLP_ROWS = 16, ROWS = 32, WIDTH = 64, HIDDEN = 256, HEADS = 4 };

static float input[ROWS * WIDTH], output[ROWS * WIDTH], again[ROWS * WIDTH];
static struct arena arena;

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define EACH_LEVEL(ops)                                                                                      \
    for (unsigned level_ = 0; level_ < TENSOR_LEVELS; level_++)                                              \
        for (const struct tensor_ops *ops = tensor_ops(level_); ops; ops = NULL)

static float magnitude(float x)
{
    return x < 0 ? -x : x;
}

static bool is_near(float actual, float expected, float tolerance)
{
    const float size = magnitude(expected) > 1.0f ? magnitude(expected) : 1.0f;

    return magnitude(actual - expected) <= size * tolerance;
}

/* Single outputs within 1e-6, of outputs about 1: a dozen roundings. Sums over all of them tell the others.
 */
static bool outputs_are(const struct reference_point *points, size_t count, size_t outputs, float sum,
                        float size)
{
    float actual_sum = 0, actual_size = 0;

    for (size_t i = 0; i < count; i++)
        if (!is_near(output[points[i].at], points[i].wanted, 1e-6f)) return false;
    for (size_t i = 0; i < outputs; i++) {
        actual_sum += output[i];
        actual_size += magnitude(output[i]);
    }
    return is_near(actual_sum, sum, 1e-5f) && is_near(actual_size, size, 1e-6f);
}

static void fill(size_t count, uint64_t seed)
{
    struct rng rng;

    rng_seed(&rng, seed);
    tensor_fill(input, count, &rng, 1);
}

KTEST(tensor_block, the_perceptron_comes_to_the_reference_outputs)
{
    struct mlp mlp;

    fill(MLP_ROWS * WIDTH, 5);
    KTEST_EQUAL(test, mlp_create(&mlp, MLP_ROWS, WIDTH, HIDDEN, 6), 0);
    KTEST_EQUAL(test, arena_create(&arena, 64 << 10), 0);
    EACH_LEVEL(ops)
    {
        memset(output, 0xff, sizeof(output));
        KTEST_EQUAL(test, mlp_run(&mlp, ops, &arena, input, output), 0);
        KTEST_TRUE(test, outputs_are(reference_mlp, COUNT(reference_mlp), MLP_ROWS * WIDTH, reference_mlp_sum,
                                     reference_mlp_magnitude));
    }
    arena_destroy(&arena);
    mlp_destroy(&mlp);
}

KTEST(tensor_block, the_attention_comes_to_the_reference_outputs)
{
    struct attention attention;

    fill(ROWS * WIDTH, 7);
    KTEST_EQUAL(test, attention_create(&attention, ROWS, WIDTH, HEADS, 8), 0);
    KTEST_EQUAL(test, arena_create(&arena, 128 << 10), 0);
    EACH_LEVEL(ops)
    {
        memset(output, 0xff, sizeof(output));
        KTEST_EQUAL(test, attention_run(&attention, ops, &arena, input, output), 0);
        KTEST_TRUE(test, outputs_are(reference_attention, COUNT(reference_attention), ROWS * WIDTH,
                                     reference_attention_sum, reference_attention_magnitude));
    }
    arena_destroy(&arena);
    attention_destroy(&attention);
}

KTEST(tensor_block, a_pass_gives_back_what_it_took_and_repeats_bit_by_bit)
{
    struct attention attention;
    struct arena_stats before, after;

    fill(ROWS * WIDTH, 7);
    KTEST_EQUAL(test, attention_create(&attention, ROWS, WIDTH, HEADS, 8), 0);
    KTEST_EQUAL(test, arena_create(&arena, 4096), 0); /* far too small: grows, and is merged */
    arena_alloc(&arena, 100, 0);
    arena_stats(&arena, &before);
    KTEST_EQUAL(test, attention_run(&attention, tensor_ops_best(), &arena, input, output), 0);
    arena_stats(&arena, &after);
    KTEST_EQUAL(test, after.used, before.used);
    KTEST_TRUE(test, after.growths > 0 && after.peak > 6 * attention.whole);
    arena_reset(&arena);
    KTEST_EQUAL(test, attention_run(&attention, tensor_ops_best(), &arena, input, again), 0);
    KTEST_EQUAL(test, memcmp(output, again, sizeof(output)), 0);
    arena_destroy(&arena);
    attention_destroy(&attention);
}

KTEST(tensor_block, sizes_that_cannot_be_are_refused)
{
    struct mlp mlp;
    struct attention attention;

    KTEST_EQUAL(test, mlp_create(&mlp, 0, 4, 4, 1), ERR_INVALID);
    KTEST_EQUAL(test, mlp_create(&mlp, 4, 0, 4, 1), ERR_INVALID);
    KTEST_EQUAL(test, mlp_create(&mlp, 4, 4, 0, 1), ERR_INVALID);
    KTEST_EQUAL(test, mlp_create(&mlp, 1, SIZE_MAX / 4, SIZE_MAX / 4, 1), ERR_NO_MEMORY);
    KTEST_EQUAL(test, mlp_create(&mlp, SIZE_MAX / 4, 2, 2, 1), ERR_INVALID);
    KTEST_EQUAL(test, attention_create(&attention, 4, 6, 4, 1), ERR_INVALID);
    KTEST_EQUAL(test, attention_create(&attention, 4, 6, 0, 1), ERR_INVALID);
    KTEST_EQUAL(test, attention_create(&attention, 1ul << 32, 6, 2, 1), ERR_INVALID);
}

KTEST(tensor_block, odd_sizes_agree_between_the_implementations)
{
    struct mlp mlp;

    fill(7 * 21, 9);
    KTEST_EQUAL(test, mlp_create(&mlp, 7, 21, 43, 10), 0);
    KTEST_EQUAL(test, arena_create(&arena, 0), 0);
    KTEST_EQUAL(test, mlp_run(&mlp, tensor_ops(0), &arena, input, again), 0);
    EACH_LEVEL(ops)
    {
        KTEST_EQUAL(test, mlp_run(&mlp, ops, &arena, input, output), 0);
        for (size_t i = 0; i < 7 * 21; i++) KTEST_TRUE(test, is_near(output[i], again[i], 1e-6f));
    }
    arena_destroy(&arena);
    mlp_destroy(&mlp);
}
