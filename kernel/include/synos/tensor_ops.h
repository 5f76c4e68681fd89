/*
 * The arithmetic of an inference in float32: matrix multiply, softmax, layer norm, GELU, addition. Three
 * implementations behind one table: portable C, which the others are held against, SSE2, and AVX2 with FMA.
 * All take any shape and any alignment; results of the three differ by rounding only.
 *
 * Accuracy: exp is off by less than 2 units in the last place, 0 below e^-87.33 and e^88 from there on; sums
 * are taken in float32. Infinities and NaNs go in and come out as IEEE 754 has it, but for what is said here.
 */
#ifndef SYNOS_TENSOR_OPS_H
#define SYNOS_TENSOR_OPS_H

#include <stddef.h>

/* c = a b + bias, row by row; strides are in floats from one row to the next, so that parts of matrices can
 * be named. c overlaps nothing. */
struct matmul {
    const float *a, *b;
    const float *bias; /* one for each column, or NULL */
    float *c;
    size_t rows, inner, columns; /* a is rows x inner, b is inner x columns */
    size_t a_stride, b_stride, c_stride;
};

/* to = (from - mean) / sqrt(variance + 1e-5) * gain + shift, of each row by itself (Ba, Kiros, Hinton:
 * "Layer normalization", 2016). */
struct layer_norm {
    const float *from, *gain, *shift;
    float *to; /* may be `from` */
    size_t rows, columns;
};

struct tensor_ops {
    const char *name;
    void (*matmul)(const struct matmul *matmul);
    void (*layer_norm)(const struct layer_norm *norm);
    /* Of each row, with its maximum taken off first, so that nothing overflows. `to` may be `from`. */
    void (*softmax)(float *to, const float *from, size_t rows, size_t columns);
    /* 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) (Hendrycks, Gimpel: "Gaussian error linear units",
     * 2016). `to` may be `from`. */
    void (*gelu)(float *to, const float *from, size_t count);
    void (*exp)(float *to, const float *from, size_t count);
    void (*add)(float *to, const float *left, const float *right, size_t count);
};

enum { TENSOR_LEVELS = 3 }; /* scalar, sse2, avx2 */

/* An implementation, or NULL when this machine's CPUs cannot run it. Level 0 always can. */
const struct tensor_ops *tensor_ops(unsigned level);

/* The highest that can run. */
const struct tensor_ops *tensor_ops_best(void);

#endif
