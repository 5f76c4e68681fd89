/* Eight floats at a time, a product and a sum in one rounding. */
#define LANES        8
#define VECTOR_NAME  "avx2"
#define VECTOR_TABLE tensor_ops_avx2

#define fused(a, b, c) __builtin_ia32_vfmaddps256(a, b, c)
#define minimum(a, b)  __builtin_ia32_minps256(a, b)
#define maximum(a, b)  __builtin_ia32_maxps256(a, b)

#include "vector_ops.h"
