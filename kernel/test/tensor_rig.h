/* What tests of tensor arithmetic share: each implementation in turn, and ways to compare floats. */
#ifndef SYNOS_TEST_TENSOR_RIG_H
#define SYNOS_TEST_TENSOR_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <synos/inference.h>
#include <synos/string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The statement behind it, with each implementation that the CPUs can run as `ops`. */
#define EACH_LEVEL                                                                                           \
    for (unsigned level_ = 0; level_ < TENSOR_LEVELS; level_++)                                              \
        for (const struct tensor_ops *ops = tensor_ops(level_); ops; ops = NULL)

static inline float magnitude(float x)
{
    return x < 0 ? -x : x;
}

/* Bit by bit, so that NaNs are equal and zeroes of two signs are not. */
static inline bool same_bits(const void *left, const void *right, size_t bytes)
{
    return memcmp(left, right, bytes) == 0;
}

/* The same numbers for the same seed, from -2^exponent up to 2^exponent. */
static inline void fill(float *to, size_t count, uint64_t seed, int exponent)
{
    struct rng rng;

    rng_seed(&rng, seed);
    tensor_fill(to, count, &rng, exponent);
}

#endif
