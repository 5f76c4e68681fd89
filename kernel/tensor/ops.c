/* Chooses among the implementations by what the CPUs can do. */
#include <synos/simd.h>
#include "ops.h"

static const struct {
    const struct tensor_ops *ops;
    enum simd_level needs;
} levels[TENSOR_LEVELS] = {
    {&tensor_ops_scalar, SIMD_SSE2},
    {&tensor_ops_sse2, SIMD_SSE2},
    {&tensor_ops_avx2, SIMD_AVX2},
};

const struct tensor_ops *tensor_ops(unsigned level)
{
    return level < TENSOR_LEVELS && levels[level].needs <= simd_level() ? levels[level].ops : NULL;
}

const struct tensor_ops *tensor_ops_best(void)
{
    unsigned level = TENSOR_LEVELS - 1;

    while (!tensor_ops(level)) level--;
    return tensor_ops(level);
}
