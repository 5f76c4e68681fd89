/* Four floats at a time: what every x86-64 has. */
#define LANES        4
#define VECTOR_NAME  "sse2"
#define VECTOR_TABLE tensor_ops_sse2

#define fused(a, b, c) ((a) * (b) + (c))
#define minimum(a, b)  __builtin_ia32_minps(a, b)
#define maximum(a, b)  __builtin_ia32_maxps(a, b)

#include "vector_ops.h"
