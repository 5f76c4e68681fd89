/* The portable implementation: one number at a time, as the formulas have it. The others are held against
 * it. */
#include <stdint.h>
#include <synos/string.h>
#include "ops.h"

static float from_bits(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint32_t to_bits(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* Comparisons are such that a NaN passes all of them and comes out again. */
static float exponential(float x)
{
    static const float series[] = {1.0f / 5040, 1.0f / 720, 1.0f / 120, 1.0f / 24,
                                   1.0f / 6,    0.5f,       1.0f,       1.0f};

    if (x < EXP_LOWEST) return 0.0f;
    if (x > EXP_HIGHEST) x = EXP_HIGHEST;
    const float rounded = x * EXP_LOG2E + EXP_ROUND, n = rounded - EXP_ROUND;
    const float r = (x - n * EXP_LN2_HIGH) - n * EXP_LN2_LOW;
    float sum = series[0];

    for (unsigned i = 1; i < sizeof(series) / sizeof(series[0]); i++) sum = sum * r + series[i];
    return sum * from_bits((to_bits(rounded) + 127) << 23);
}

static void scalar_exp(float *to, const float *from, size_t count)
{
    for (size_t i = 0; i < count; i++) to[i] = exponential(from[i]);
}

static void scalar_gelu(float *to, const float *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = from[i];

        to[i] = x / (1.0f + exponential(x * (GELU_LINEAR + GELU_CUBIC * (x * x))));
    }
}

static void scalar_add(float *to, const float *left, const float *right, size_t count)
{
    for (size_t i = 0; i < count; i++) to[i] = left[i] + right[i];
}

static void scalar_matmul(const struct matmul *m)
{
    for (size_t row = 0; row < m->rows; row++) {
        for (size_t column = 0; column < m->columns; column++) {
            float sum = m->bias ? m->bias[column] : 0.0f;

            for (size_t i = 0; i < m->inner; i++)
                sum += m->a[row * m->a_stride + i] * m->b[i * m->b_stride + column];
            m->c[row * m->c_stride + column] = sum;
        }
    }
}

static void scalar_softmax(float *to, const float *from, size_t rows, size_t columns)
{
    for (; rows > 0; rows--, to += columns, from += columns) {
        float highest = from[0], sum = 0.0f;

        for (size_t i = 1; i < columns; i++)
            if (from[i] > highest) highest = from[i];
        for (size_t i = 0; i < columns; i++) sum += to[i] = exponential(from[i] - highest);
        for (size_t i = 0; i < columns; i++) to[i] /= sum;
    }
}

static void normalise(float *to, const float *from, const struct layer_norm *norm)
{
    const float columns = (float)norm->columns;
    float sum = 0.0f, squares = 0.0f;

    for (size_t i = 0; i < norm->columns; i++) sum += from[i];
    const float mean = sum / columns;
    for (size_t i = 0; i < norm->columns; i++) squares += (from[i] - mean) * (from[i] - mean);
    const float scale = 1.0f / __builtin_sqrtf(squares / columns + NORM_EPSILON);
    for (size_t i = 0; i < norm->columns; i++)
        to[i] = (from[i] - mean) * scale * norm->gain[i] + norm->shift[i];
}

static void scalar_layer_norm(const struct layer_norm *norm)
{
    for (size_t row = 0; row < norm->rows; row++)
        normalise(norm->to + row * norm->columns, norm->from + row * norm->columns, norm);
}

const struct tensor_ops tensor_ops_scalar = {
    .name = "scalar",
    .matmul = scalar_matmul,
    .layer_norm = scalar_layer_norm,
    .softmax = scalar_softmax,
    .gelu = scalar_gelu,
    .exp = scalar_exp,
    .add = scalar_add,
};
