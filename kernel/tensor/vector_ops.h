/*
 * The operations on vectors of LANES floats; included once by the file of each width, which says what is
 * fused(), minimum() and maximum(). Written with the vector types of gcc and clang, which need no header.
 *
 * What a row has beyond whole vectors goes through a vector that is filled up in memory.
 */
#include <stdint.h>
#include "ops.h"

typedef float vector __attribute__((vector_size(4 * LANES)));
typedef float vector_anywhere __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint32_t words __attribute__((vector_size(4 * LANES)));

static inline vector splat(float value)
{
    return value - (vector){};
}

static inline vector load(const float *from)
{
    return *(const vector_anywhere *)from;
}

static inline void store(float *to, vector value)
{
    *(vector_anywhere *)to = value;
}

/* The first `count` floats, and `rest` in the other lanes. */
static inline vector load_part(const float *from, size_t count, float rest)
{
    vector value = splat(rest);

    for (size_t i = 0; i < count; i++) value[i] = from[i];
    return value;
}

static inline void store_part(float *to, vector value, size_t count)
{
    for (size_t i = 0; i < count; i++) to[i] = value[i];
}

static inline float sum_of(vector value)
{
    float sum = value[0];

    for (int i = 1; i < LANES; i++) sum += value[i];
    return sum;
}

static inline float maximum_of(vector value)
{
    float highest = value[0];

    for (int i = 1; i < LANES; i++)
        if (value[i] > highest) highest = value[i];
    return highest;
}

/* As in ops.h. minimum() and maximum() return their second operand when one is a NaN. */
static inline vector exponential(vector x)
{
    const words underflows = (words)(x < splat(EXP_LOWEST));
    const vector inside = minimum(splat(EXP_HIGHEST), x);
    const vector rounded = fused(inside, splat(EXP_LOG2E), splat(EXP_ROUND));
    const vector n = rounded - splat(EXP_ROUND);
    const vector r = fused(n, splat(-EXP_LN2_LOW), fused(n, splat(-EXP_LN2_HIGH), inside));
    vector sum = fused(splat(1.0f / 5040), r, splat(1.0f / 720));

    sum = fused(sum, r, splat(1.0f / 120));
    sum = fused(sum, r, splat(1.0f / 24));
    sum = fused(sum, r, splat(1.0f / 6));
    sum = fused(sum, r, splat(0.5f));
    sum = fused(sum, r, splat(1.0f));
    sum = fused(sum, r, splat(1.0f));
    const vector power = (vector)(((words)rounded + 127) << 23);
    return (vector)((words)(sum * power) & ~underflows);
}

static inline vector gelu(vector x)
{
    const vector z = x * fused(splat(GELU_CUBIC), x * x, splat(GELU_LINEAR));

    return x / (splat(1.0f) + exponential(z));
}

static void vector_exp(float *to, const float *from, size_t count)
{
    for (; count >= LANES; count -= LANES, to += LANES, from += LANES) store(to, exponential(load(from)));
    if (count > 0) store_part(to, exponential(load_part(from, count, 0.0f)), count);
}

static void vector_gelu(float *to, const float *from, size_t count)
{
    for (; count >= LANES; count -= LANES, to += LANES, from += LANES) store(to, gelu(load(from)));
    if (count > 0) store_part(to, gelu(load_part(from, count, 0.0f)), count);
}

static void vector_add(float *to, const float *left, const float *right, size_t count)
{
    size_t i = 0;

    for (; i + LANES <= count; i += LANES) store(to + i, load(left + i) + load(right + i));
    for (; i < count; i++) to[i] = left[i] + right[i];
}

enum { TILE_ROWS = 4, TILE_COLUMNS = 2 * LANES };

/* Four rows by two vectors of the product, all in registers: each step loads two vectors of b and multiplies
 * them with one float of each row of a. */
static void tile(const struct matmul *m, size_t row, size_t column)
{
    const float *a0 = m->a + row * m->a_stride, *a1 = a0 + m->a_stride, *a2 = a1 + m->a_stride,
                *a3 = a2 + m->a_stride, *b = m->b + column;
    float *c = m->c + row * m->c_stride + column;
    const vector low = m->bias ? load(m->bias + column) : splat(0.0f);
    const vector high = m->bias ? load(m->bias + column + LANES) : splat(0.0f);
    vector low0 = low, low1 = low, low2 = low, low3 = low;
    vector high0 = high, high1 = high, high2 = high, high3 = high;

    for (size_t i = 0; i < m->inner; i++, b += m->b_stride) {
        const vector b_low = load(b), b_high = load(b + LANES);

        low0 = fused(splat(a0[i]), b_low, low0);
        high0 = fused(splat(a0[i]), b_high, high0);
        low1 = fused(splat(a1[i]), b_low, low1);
        high1 = fused(splat(a1[i]), b_high, high1);
        low2 = fused(splat(a2[i]), b_low, low2);
        high2 = fused(splat(a2[i]), b_high, high2);
        low3 = fused(splat(a3[i]), b_low, low3);
        high3 = fused(splat(a3[i]), b_high, high3);
    }
    store(c, low0);
    store(c + LANES, high0);
    store(c += m->c_stride, low1);
    store(c + LANES, high1);
    store(c += m->c_stride, low2);
    store(c + LANES, high2);
    store(c += m->c_stride, low3);
    store(c + LANES, high3);
}

/* One row by two vectors: what is left below the tiles, and all of a product with a single row. */
static void strip(const struct matmul *m, size_t row, size_t column)
{
    const float *a = m->a + row * m->a_stride, *b = m->b + column;
    float *c = m->c + row * m->c_stride + column;
    vector low = m->bias ? load(m->bias + column) : splat(0.0f);
    vector high = m->bias ? load(m->bias + column + LANES) : splat(0.0f);

    for (size_t i = 0; i < m->inner; i++, b += m->b_stride) {
        low = fused(splat(a[i]), load(b), low);
        high = fused(splat(a[i]), load(b + LANES), high);
    }
    store(c, low);
    store(c + LANES, high);
}

/* The columns on the right that are no two vectors. */
static void edge(const struct matmul *m, size_t column)
{
    for (size_t row = 0; row < m->rows; row++) {
        for (size_t at = column; at < m->columns; at++) {
            float sum = m->bias ? m->bias[at] : 0.0f;

            for (size_t i = 0; i < m->inner; i++)
                sum += m->a[row * m->a_stride + i] * m->b[i * m->b_stride + at];
            m->c[row * m->c_stride + at] = sum;
        }
    }
}

/* Column by column of tiles: the part of b that one needs stays in the cache for all rows. */
static void vector_matmul(const struct matmul *m)
{
    const size_t rows = m->rows - m->rows % TILE_ROWS, columns = m->columns - m->columns % TILE_COLUMNS;

    for (size_t column = 0; column < columns; column += TILE_COLUMNS) {
        for (size_t row = 0; row < rows; row += TILE_ROWS) tile(m, row, column);
        for (size_t row = rows; row < m->rows; row++) strip(m, row, column);
    }
    edge(m, columns);
}

static void softmax_row(float *to, const float *from, size_t columns)
{
    const size_t whole = columns - columns % LANES, part = columns % LANES;
    const float low = -__builtin_inff(); /* whose exponential is 0 */
    vector highest = splat(low), sum = splat(0.0f);

    for (size_t i = 0; i < whole; i += LANES) highest = maximum(highest, load(from + i));
    if (part > 0) highest = maximum(highest, load_part(from + whole, part, low));
    const vector top = splat(maximum_of(highest));
    for (size_t i = 0; i < whole; i += LANES) {
        const vector power = exponential(load(from + i) - top);

        store(to + i, power);
        sum += power;
    }
    if (part > 0) {
        const vector power = exponential(load_part(from + whole, part, low) - top);

        store_part(to + whole, power, part);
        sum += power;
    }
    const vector total = splat(sum_of(sum));
    for (size_t i = 0; i < whole; i += LANES) store(to + i, load(to + i) / total);
    if (part > 0) store_part(to + whole, load_part(to + whole, part, 0.0f) / total, part);
}

static void vector_softmax(float *to, const float *from, size_t rows, size_t columns)
{
    for (; rows > 0; rows--, to += columns, from += columns) softmax_row(to, from, columns);
}

static void normalise(float *to, const float *from, const struct layer_norm *norm)
{
    const size_t whole = norm->columns - norm->columns % LANES, part = norm->columns % LANES;
    const float columns = (float)norm->columns;
    vector sum = splat(0.0f), squares = splat(0.0f);

    for (size_t i = 0; i < whole; i += LANES) sum += load(from + i);
    if (part > 0) sum += load_part(from + whole, part, 0.0f);
    const float mean = sum_of(sum) / columns;
    for (size_t i = 0; i < whole; i += LANES) {
        const vector off = load(from + i) - splat(mean);

        squares = fused(off, off, squares);
    }
    if (part > 0) {
        const vector off = load_part(from + whole, part, mean) - splat(mean);

        squares = fused(off, off, squares);
    }
    const float scale = 1.0f / __builtin_sqrtf(sum_of(squares) / columns + NORM_EPSILON);
    for (size_t i = 0; i < whole; i += LANES) {
        const vector off = (load(from + i) - splat(mean)) * splat(scale);

        store(to + i, fused(off, load(norm->gain + i), load(norm->shift + i)));
    }
    for (size_t i = whole; i < norm->columns; i++)
        to[i] = (from[i] - mean) * scale * norm->gain[i] + norm->shift[i];
}

static void vector_layer_norm(const struct layer_norm *norm)
{
    for (size_t row = 0; row < norm->rows; row++)
        normalise(norm->to + row * norm->columns, norm->from + row * norm->columns, norm);
}

const struct tensor_ops VECTOR_TABLE = {
    .name = VECTOR_NAME,
    .matmul = vector_matmul,
    .layer_norm = vector_layer_norm,
    .softmax = vector_softmax,
    .gelu = vector_gelu,
    .exp = vector_exp,
    .add = vector_add,
};
