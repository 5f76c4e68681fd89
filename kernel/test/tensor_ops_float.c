/*
 * Tests of the arithmetic, of every implementation that this machine's CPUs can run: against reference
 * outputs in double precision, against the portable implementation at all shapes, and at what floats have
 * besides numbers.
 *
 * Errors are in units of 2^-24, half a unit in the last place of 1, and relative where the number is above 1.
 */
#include <synos/ktest.h>
#include "tensor_reference.h"
#include "tensor_rig.h"

/* Odd sizes, with something left behind every vector; and room for all. */
enum { COLUMNS = 37, ROWS = 3, ODD = ROWS * COLUMNS, LEFT = 7 * 19, RIGHT = 19 * COLUMNS, MOST = 40 * 48 };
/* Products of many shapes, in a matrix with rows of this length. */
enum { STRIDE = 47, AREA = 10 * STRIDE };

static float from[MOST], weights[MOST], bias[MOST], got[MOST + 8], wanted[MOST];

/* Of a number that is no number: more than any limit. */
static uint64_t error_of(float actual, float expected)
{
    const float size = magnitude(expected), off = magnitude(actual - expected) * 0x1p24f;
    const float error = size > 1.0f ? off / size : off;

    return error < 1e9f ? (uint64_t)error : UINT64_MAX;
}

/* Always relative, for functions whose results are of all sizes. */
static uint64_t relative_error(float actual, float expected)
{
    const float error = magnitude(actual - expected) / magnitude(expected) * 0x1p24f;

    return error < 1e9f ? (uint64_t)error : UINT64_MAX;
}

static uint64_t greatest_error(const float *actual, const float *expected, size_t count)
{
    uint64_t greatest = 0;

    for (size_t i = 0; i < count; i++) {
        const uint64_t error = error_of(actual[i], expected[i]);

        if (error > greatest) greatest = error;
    }
    return greatest;
}

static uint64_t greatest_at(const float *actual, const struct reference_point *points, size_t count)
{
    uint64_t greatest = 0;

    for (size_t i = 0; i < count; i++) {
        const uint64_t error = error_of(actual[points[i].at], points[i].wanted);

        if (error > greatest) greatest = error;
    }
    return greatest;
}

#define WITHIN(test, error, limit)                                                                           \
    do {                                                                                                     \
        const uint64_t error_ = (error);                                                                     \
        if (error_ > (limit)) {                                                                              \
            ktest_fail(test, __FILE__, __LINE__, "%s to be at most %llu, but it is %llu (%s)", #error,       \
                       (unsigned long long)(limit), (unsigned long long)error_, ops->name);                  \
            return;                                                                                          \
        }                                                                                                    \
    } while (0)

KTEST(tensor_ops, there_is_a_portable_implementation_and_the_best_can_run)
{
    KTEST_TEXT(test, tensor_ops(0)->name, "scalar");
    KTEST_TEXT(test, tensor_ops(1)->name, "sse2");
    KTEST_TRUE(test, tensor_ops(TENSOR_LEVELS) == NULL);
    KTEST_TEXT(test, tensor_ops_best()->name, tensor_ops(2) ? "avx2" : "sse2");
}

KTEST(tensor_ops, exp_is_within_its_bound_of_the_reference)
{
    for (size_t i = 0; i < COUNT(reference_exp); i++) from[i] = reference_exp[i].x;
    EACH_LEVEL
    {
        ops->exp(got, from, COUNT(reference_exp));
        for (size_t i = 0; i < COUNT(reference_exp); i++)
            WITHIN(test, relative_error(got[i], reference_exp[i].wanted), 2);
    }
}

KTEST(tensor_ops, exp_takes_what_is_no_number_and_what_is_too_large)
{
    const float infinity = __builtin_inff(), nan = __builtin_nanf("");
    const float points[] = {-infinity, -1e30f, -87.4f, 0.0f, -0.0f, 88.0f, 1e30f, infinity, nan};

    memcpy(from, points, sizeof(points));
    EACH_LEVEL
    {
        ops->exp(got, from, COUNT(points));
        for (int i = 0; i < 3; i++) KTEST_TRUE(test, got[i] == 0.0f);
        KTEST_TRUE(test, got[3] == 1.0f && got[4] == 1.0f);
        KTEST_TRUE(test, got[5] > 1.6e38f && got[5] < 1.7e38f && got[6] == got[5] && got[7] == got[5]);
        KTEST_TRUE(test, got[8] != got[8]);
    }
}

KTEST(tensor_ops, gelu_is_near_the_reference)
{
    for (size_t i = 0; i < COUNT(reference_gelu); i++) {
        from[i] = reference_gelu[i].x;
        wanted[i] = reference_gelu[i].wanted;
    }
    EACH_LEVEL
    {
        ops->gelu(got, from, COUNT(reference_gelu));
        WITHIN(test, greatest_error(got, wanted, COUNT(reference_gelu)), 2);
    }
}

KTEST(tensor_ops, softmax_is_near_the_reference_and_sums_to_one)
{
    fill(from, ODD, 1, 2);
    EACH_LEVEL
    {
        ops->softmax(got, from, ROWS, COLUMNS);
        WITHIN(test, greatest_at(got, reference_softmax, COUNT(reference_softmax)), 4);
        float sum = 0;
        for (size_t i = 0; i < ODD; i++) sum += got[i];
        WITHIN(test, error_of(sum, reference_softmax_sum), 4);
    }
}

KTEST(tensor_ops, softmax_of_huge_scores_does_not_overflow)
{
    const float scores[] = {-1e30f, 1e30f, 1e30f, 0, 1e30f, 1e30f};

    memcpy(from, scores, sizeof(scores));
    EACH_LEVEL
    {
        ops->softmax(got, from, 1, 6);
        KTEST_TRUE(test, got[0] == 0 && got[1] == 0.25f && got[2] == 0.25f && got[3] == 0 && got[5] == 0.25f);
    }
}

/* Inputs are so small that what is added to the variance counts as much as the variance. */
KTEST(tensor_ops, layer_norm_is_near_the_reference)
{
    struct rng rng;

    fill(from, ODD, 9, -7);
    rng_seed(&rng, 4);
    tensor_fill(weights, 37, &rng, -3);
    for (size_t i = 0; i < 37; i++) weights[i] += 1.0f;
    tensor_fill(bias, 37, &rng, -3);
    EACH_LEVEL
    {
        ops->layer_norm(&(struct layer_norm){from, weights, bias, got, ROWS, COLUMNS});
        WITHIN(test, greatest_at(got, reference_norm, COUNT(reference_norm)), 4);
    }
}

KTEST(tensor_ops, a_product_is_near_the_reference)
{
    struct rng rng;

    fill(from, LEFT, 2, 0);
    rng_seed(&rng, 3);
    tensor_fill(weights, RIGHT, &rng, -2);
    tensor_fill(bias, 37, &rng, -3);
    EACH_LEVEL
    {
        ops->matmul(&(struct matmul){from, weights, bias, got, 7, 19, 37, 19, 37, 37});
        WITHIN(test, greatest_at(got, reference_matmul, COUNT(reference_matmul)), 4);
    }
}

/* Products of every shape up to a few tiles, in parts of larger matrices: what is beside them stays. */
static uint64_t product_error(const struct tensor_ops *ops, size_t rows, size_t inner, size_t columns)
{
    struct matmul m = {from, weights, rows % 2 ? bias : NULL, wanted, rows, inner, columns, 9, 45, STRIDE};

    memset(wanted, 0xff, sizeof(wanted));
    memset(got, 0xff, sizeof(got));
    tensor_ops(0)->matmul(&m);
    m.c = got;
    ops->matmul(&m);
    uint64_t error = 0;
    for (size_t i = 0; i < AREA; i++) {
        const bool inside = i / STRIDE < rows && i % STRIDE < columns;

        if (!inside && !same_bits(&got[i], &wanted[i], sizeof(got[i]))) return UINT64_MAX;
        if (inside && error_of(got[i], wanted[i]) > error) error = error_of(got[i], wanted[i]);
    }
    return error;
}

KTEST(tensor_ops, products_of_all_shapes_are_those_of_the_portable_implementation)
{
    fill(from, MOST, 11, 0);
    fill(weights, MOST, 12, 0);
    fill(bias, MOST, 13, 0);
    EACH_LEVEL
    for (size_t rows = 1; rows <= 9; rows++)
        for (size_t inner = 0; inner <= 8; inner += 4)
            for (size_t columns = 1; columns <= 45; columns += rows == 5 ? 1 : 11)
                WITHIN(test, product_error(ops, rows, inner, columns), 6);
}

/* Runs an operation of one row of `columns` at each implementation, and looks at what lies behind it. */
static uint64_t row_error(const struct tensor_ops *ops, size_t columns, unsigned which)
{
    float *const to[] = {wanted, got};
    const struct tensor_ops *const by[] = {tensor_ops(0), ops};

    for (int i = 0; i < 2; i++) {
        const struct layer_norm norm = {from + 1, weights, bias, to[i] + 1, 1, columns};

        to[i][0] = to[i][columns + 1] = 123.0f;
        if (which == 0) by[i]->softmax(to[i] + 1, from + 1, 1, columns);
        if (which == 1) by[i]->layer_norm(&norm);
        if (which == 2) by[i]->gelu(to[i] + 1, from + 1, columns);
        if (which == 3) by[i]->exp(to[i] + 1, from + 1, columns);
        if (which == 4) by[i]->add(to[i] + 1, from + 1, weights, columns);
    }
    return greatest_error(got, wanted, columns + 2);
}

KTEST(tensor_ops, rows_of_all_lengths_are_those_of_the_portable_implementation)
{
    fill(from, MOST, 21, 2);
    fill(weights, MOST, 22, 0);
    fill(bias, MOST, 23, 0);
    EACH_LEVEL
    for (unsigned which = 0; which < 5; which++)
        for (size_t columns = 1; columns <= 40; columns++) WITHIN(test, row_error(ops, columns, which), 8);
}

KTEST(tensor_ops, rows_may_be_changed_where_they_lie)
{
    fill(weights, 35, 32, 0);
    fill(bias, 35, 33, 0);
    EACH_LEVEL
    for (unsigned which = 0; which < 3; which++) {
        fill(from, 70, 31, 2);
        const struct layer_norm apart = {from, weights, bias, wanted, 2, 35};
        const struct layer_norm inside = {from, weights, bias, from, 2, 35};

        if (which == 0) ops->softmax(wanted, from, 2, 35), ops->softmax(from, from, 2, 35);
        if (which == 1) ops->layer_norm(&apart), ops->layer_norm(&inside);
        if (which == 2) ops->gelu(wanted, from, 70), ops->gelu(from, from, 70);
        KTEST_TRUE(test, same_bits(from, wanted, 70 * sizeof(float)));
    }
}
