/* exp over its whole range, one float in a few thousand, against the C library's in double precision: the
 * bound that tensor_ops.h states. */
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <synos/ktest.h>
#include <synos/tensor_ops.h>

enum { BATCH = 1024, STEP = 4001 };

static float from[BATCH], to[BATCH];

static float of_bits(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* Units in the last place of what `actual` is off; for normal numbers. */
static double error_of(float actual, double expected)
{
    return fabs((double)actual - expected) / ldexp(1.0, ilogb(expected) - 23);
}

/* From `first` on, by the order of their bits, up to the one of magnitude `last`. */
static double greatest_error(const struct tensor_ops *ops, float first, float last)
{
    double greatest = 0;
    uint32_t bits, end;

    memcpy(&bits, &first, sizeof(bits));
    memcpy(&end, &last, sizeof(end));
    while (bits < end) {
        size_t count = 0;

        for (; count < BATCH && bits < end; count++, bits += STEP) from[count] = of_bits(bits);
        ops->exp(to, from, count);
        for (size_t i = 0; i < count; i++)
            if (!(error_of(to[i], exp((double)from[i])) <= greatest))
                greatest = error_of(to[i], exp((double)from[i]));
    }
    return greatest;
}

KTEST(tensor_exp, the_whole_range_is_within_two_units_in_the_last_place)
{
    for (unsigned level = 0; level < TENSOR_LEVELS; level++) {
        if (!tensor_ops(level)) continue;
        KTEST_TRUE(test, greatest_error(tensor_ops(level), 0.0f, 88.0f) < 2);
        KTEST_TRUE(test, greatest_error(tensor_ops(level), -0.0f, -87.33654f) < 2);
    }
}
