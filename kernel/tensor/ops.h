/* The implementations behind tensor_ops(), and the numbers that they share. */
#ifndef SYNOS_TENSOR_IMPLEMENTATIONS_H
#define SYNOS_TENSOR_IMPLEMENTATIONS_H

#include <synos/tensor_ops.h>

extern const struct tensor_ops tensor_ops_scalar, tensor_ops_sse2, tensor_ops_avx2;

/*
 * exp(x) = 2^n e^r with n = round(x / ln 2), |r| <= ln 2 / 2, and Taylor's series for e^r up to r^7, whose
 * remainder is below r^8/8! = 5.2e-9 of the result: a tenth of half a unit in the last place. What is left is
 * rounding. ln 2 is taken off in two parts, the first so short that its product with n is exact (Cody, Waite:
 * "Software manual for the elementary functions", 1980; constants as in Moshier's Cephes, expf.c).
 */
#define EXP_LOWEST   -87.33654f /* below: 0, since 2^n has no exponent any more */
#define EXP_HIGHEST  88.0f      /* from here on all are e^88 */
#define EXP_LOG2E    1.44269504f
#define EXP_LN2_HIGH 0.693359375f
#define EXP_LN2_LOW  -2.12194440e-4f
/* 1.5 * 2^23: a float of this size has no fraction, so adding it rounds; its low bits are then n. */
#define EXP_ROUND 12582912.0f

/* gelu(x) = x / (1 + exp(-2u)) with u as in the header: z = -2u = x (GELU_LINEAR + GELU_CUBIC x^2). */
#define GELU_LINEAR -1.59576912f
#define GELU_CUBIC  -0.0713548163f

#define NORM_EPSILON 1e-5f

#endif
