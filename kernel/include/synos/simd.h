/*
 * Vector registers. The kernel itself is compiled without them; files that use them say so by their names,
 * and are compiled accordingly (docs/kernel.md):
 *
 *     *_float.c   floating point, one number at a time        *_sse2.c   vectors of 16 bytes, on every x86-64
 *     *_avx2.c    vectors of 32 bytes and fused multiply-add; to be called where simd_level() is SIMD_AVX2
 *
 * Nobody saves vector registers: interrupt handlers are compiled without them and so cannot touch them, there
 * is no preemption, and each CPU has its own. A handler must never call into one of these files.
 */
#ifndef SYNOS_SIMD_H
#define SYNOS_SIMD_H

enum simd_level {
    SIMD_SSE2, /* part of every x86-64 */
    SIMD_AVX2, /* AVX2 and FMA */
};

/* Switches on the vector registers of the CPU that runs, as far as it has them: once on each CPU. */
void simd_init(void);

/* What all CPUs that called simd_init() can do. */
enum simd_level simd_level(void);

#endif
