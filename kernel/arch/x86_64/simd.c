/* Switches on SSE and AVX (Intel SDM vol. 1, 13.2 and 14.1; vol. 3A, 9.6 and 13). */
#include <stdbool.h>
#include <synos/cpu.h>
#include <synos/simd.h>

#define CR0_MP         (1ull << 1)
#define CR0_EM         (1ull << 2)
#define CR0_TS         (1ull << 3)
#define CR0_NE         (1ull << 5)
#define CR4_OSFXSR     (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_OSXSAVE    (1ull << 18)

#define XCR0_X87   (1u << 0)
#define XCR0_SSE   (1u << 1)
#define XCR0_AVX   (1u << 2)
#define MXCSR_INIT 0x1f80u /* every exception masked, to nearest, denormals as they are */

#define CPUID1_ECX_FMA   (1u << 12)
#define CPUID1_ECX_XSAVE (1u << 26)
#define CPUID1_ECX_AVX   (1u << 28)
#define CPUID_FEATURES   7u
#define CPUID7_EBX_AVX2  (1u << 5)
#define CPUID_XSAVE      13u

static enum simd_level lowest = SIMD_AVX2;

static void xsetbv(uint32_t value)
{
    __asm__ volatile("xsetbv" : : "c"(0), "a"(value), "d"(0) : "memory");
}

static uint32_t xgetbv(void)
{
    uint32_t low, high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

/* Sets the bits of XCR0 for what the CPU has; false when it knows no XCR0. */
static bool enable_xsave(void)
{
    const uint32_t wanted = XCR0_X87 | XCR0_SSE | XCR0_AVX;

    if (!(cpuid(1, 0).ecx & CPUID1_ECX_XSAVE)) return false;
    write_cr4(read_cr4() | CR4_OSXSAVE);
    xsetbv(cpuid(CPUID_XSAVE, 0).eax & wanted);
    return true;
}

/* CPUID says what the CPU has, XCR0 what it may use: both are needed. */
static enum simd_level level_of_this_cpu(bool has_xcr0)
{
    const uint32_t needed = CPUID1_ECX_AVX | CPUID1_ECX_FMA, state = XCR0_SSE | XCR0_AVX;

    if (!has_xcr0 || (xgetbv() & state) != state) return SIMD_SSE2;
    if ((cpuid(1, 0).ecx & needed) != needed || cpuid(0, 0).eax < CPUID_FEATURES) return SIMD_SSE2;
    return cpuid(CPUID_FEATURES, 0).ebx & CPUID7_EBX_AVX2 ? SIMD_AVX2 : SIMD_SSE2;
}

void simd_init(void)
{
    const uint32_t mxcsr = MXCSR_INIT;

    write_cr0((read_cr0() | CR0_MP | CR0_NE) & ~(CR0_EM | CR0_TS));
    write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
    const enum simd_level level = level_of_this_cpu(enable_xsave());
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
    if (level < lowest) lowest = level;
}

enum simd_level simd_level(void)
{
    return lowest;
}
