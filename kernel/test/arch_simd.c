/* Tests that vector registers are switched on as far as the CPU has them, and no further claimed. */
#include <stdbool.h>
#include <synos/cpu.h>
#include <synos/ktest.h>
#include <synos/simd.h>

KTEST(arch_simd, control_registers_let_vectors_pass)
{
    KTEST_EQUAL(test, read_cr0() & 0xe, 2);                                 /* MP, neither EM nor TS */
    KTEST_EQUAL(test, (read_cr4() >> 9) & 3, 3);                            /* OSFXSR, OSXMMEXCPT */
    KTEST_EQUAL(test, (read_cr4() >> 18) & 1, (cpuid(1, 0).ecx >> 26) & 1); /* OSXSAVE where there is XSAVE */
}

KTEST(arch_simd, a_vector_register_keeps_what_is_put_into_it)
{
    const uint64_t put = 0x0123456789abcdef;
    uint64_t got;

    __asm__ volatile("movq %1, %%xmm7\n\tmovq %%xmm7, %0" : "=r"(got) : "r"(put));
    KTEST_EQUAL(test, got, put);
}

/* CPUID repeats in OSXSAVE what CR4 allows; and AVX2 needs AVX, FMA and itself. */
KTEST(arch_simd, the_level_is_the_one_that_cpuid_allows)
{
    const uint32_t features = cpuid(1, 0).ecx, needed = 1u << 12 | 1u << 27 | 1u << 28;
    const bool has_leaf = cpuid(0, 0).eax >= 7;
    const bool avx2 = (features & needed) == needed && has_leaf && (cpuid(7, 0).ebx & (1u << 5));

    KTEST_EQUAL(test, simd_level(), avx2 ? SIMD_AVX2 : SIMD_SSE2);
}

KTEST(arch_simd, a_second_call_changes_nothing)
{
    const enum simd_level before = simd_level();

    simd_init();
    KTEST_EQUAL(test, simd_level(), before);
}
