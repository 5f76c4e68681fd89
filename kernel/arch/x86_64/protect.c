/* Switches on the CPU's protections: WP always, NX, SMEP, SMAP and UMIP when CPUID has them. */
#include <synos/cpu.h>

#include "paging.h"

#define MSR_EFER 0xc0000080u
#define EFER_NXE (1ull << 11)
#define CR0_WP   (1ull << 16)
#define CR4_UMIP (1ull << 11)
#define CR4_SMEP (1ull << 20)
#define CR4_SMAP (1ull << 21)

#define CPUID_FEATURES        7u
#define CPUID7_EBX_SMEP       (1u << 7)
#define CPUID7_EBX_SMAP       (1u << 20)
#define CPUID7_ECX_UMIP       (1u << 2)
#define CPUID_EXTENDED        0x80000001u
#define CPUID_EXTENDED_EDX_NX (1u << 20)

uint64_t paging_no_execute;

void cpu_protect(void)
{
    if (cpuid(CPUID_EXTENDED, 0).edx & CPUID_EXTENDED_EDX_NX) {
        wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
        paging_no_execute = PTE_NO_EXECUTE;
    }
    write_cr0(read_cr0() | CR0_WP);

    if (cpuid(0, 0).eax < CPUID_FEATURES) return;
    struct cpuid features = cpuid(CPUID_FEATURES, 0);
    uint64_t cr4 = read_cr4();
    if (features.ebx & CPUID7_EBX_SMEP) cr4 |= CR4_SMEP;
    if (features.ebx & CPUID7_EBX_SMAP) cr4 |= CR4_SMAP;
    if (features.ecx & CPUID7_ECX_UMIP) cr4 |= CR4_UMIP;
    write_cr4(cr4);
}
