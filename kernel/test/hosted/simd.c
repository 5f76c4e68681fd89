/* The vector registers of this machine: the C library's start-up switched on what the CPU has. */
#include <synos/simd.h>

enum simd_level simd_level(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? SIMD_AVX2 : SIMD_SSE2;
}
