/* Tests of the blocks: every implementation against reference outputs, and what a pass does with its memory.
 */
#include <synos/errors.h>
#include <synos/ktest.h>
#include "tensor_reference.h"
#include "tensor_rig.h"

enum { MLP_ROWS = 16, ROWS = 32, WIDTH = 64, HIDDEN = 256, HEADS = 4 };
enum { MLP_OUTPUTS = MLP_ROWS * WIDTH, OUTPUTS = ROWS * WIDTH };
enum { ODD_ROWS = 7, ODD_WIDTH = 21, ODD_OUTPUTS = ODD_ROWS * ODD_WIDTH };

static float input[OUTPUTS], output[OUTPUTS], again[OUTPUTS];
static struct arena arena;

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

KTEST(tensor_block, the_perceptron_comes_to_the_reference_outputs)
{
    struct mlp mlp;

    fill(input, MLP_OUTPUTS, 5, 1);
    KTEST_EQUAL(test, mlp_create(&mlp, MLP_ROWS, WIDTH, HIDDEN, 6), 0);
    KTEST_EQUAL(test, arena_create(&arena, 64 << 10), 0);
    EACH_LEVEL
    {
        memset(output, 0xff, sizeof(output));
        KTEST_EQUAL(test, mlp_run(&mlp, ops, &arena, input, output), 0);
        KTEST_TRUE(test, outputs_are(reference_mlp, COUNT(reference_mlp), MLP_OUTPUTS, reference_mlp_sum,
                                     reference_mlp_magnitude));
    }
    arena_destroy(&arena);
    mlp_destroy(&mlp);
}

KTEST(tensor_block, the_attention_comes_to_the_reference_outputs)
{
    struct attention attention;

    fill(input, OUTPUTS, 7, 1);
    KTEST_EQUAL(test, attention_create(&attention, ROWS, WIDTH, HEADS, 8), 0);
    KTEST_EQUAL(test, arena_create(&arena, 128 << 10), 0);
    EACH_LEVEL
    {
        memset(output, 0xff, sizeof(output));
        KTEST_EQUAL(test, attention_run(&attention, ops, &arena, input, output), 0);
        KTEST_TRUE(test, outputs_are(reference_attention, COUNT(reference_attention), OUTPUTS,
                                     reference_attention_sum, reference_attention_magnitude));
    }
    arena_destroy(&arena);
    attention_destroy(&attention);
}

KTEST(tensor_block, a_pass_gives_back_what_it_took_and_repeats_bit_by_bit)
{
    struct attention attention;
    struct arena_stats before, after;

    fill(input, OUTPUTS, 7, 1);
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
    KTEST_TRUE(test, same_bits(output, again, sizeof(output)));
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

    fill(input, ODD_OUTPUTS, 9, 1);
    KTEST_EQUAL(test, mlp_create(&mlp, ODD_ROWS, ODD_WIDTH, 43, 10), 0);
    KTEST_EQUAL(test, arena_create(&arena, 0), 0);
    KTEST_EQUAL(test, mlp_run(&mlp, tensor_ops(0), &arena, input, again), 0);
    EACH_LEVEL
    {
        KTEST_EQUAL(test, mlp_run(&mlp, ops, &arena, input, output), 0);
        for (size_t i = 0; i < ODD_OUTPUTS; i++) KTEST_TRUE(test, is_near(output[i], again[i], 1e-6f));
    }
    arena_destroy(&arena);
    mlp_destroy(&mlp);
}
