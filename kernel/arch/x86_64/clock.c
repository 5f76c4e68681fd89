/* The rate of the time stamp counter: from CPUID where the machine says it, else measured against the PIT. */
#include <synos/clock.h>

#include <stdbool.h>
#include <synos/cpu.h>

#define CPUID_TSC_RATIO         0x15u
#define CPUID_HYPERVISOR        0x40000000u
#define CPUID_HYPERVISOR_TIMING 0x40000010u /* EAX = TSC kHz; VMware's leaf, KVM and others have it too */

#define PIT_HZ            1193182u
#define PIT_CHANNEL0      0x40
#define PIT_COMMAND       0x43
#define PIT_LOAD_CHANNEL0 0x30 /* both bytes, mode 0: output rises when the count is over */
#define PIT_READ_STATUS   0xe2 /* read-back of channel 0's status; bit 7 is the output */
#define PIT_OUTPUT        0x80
/* 5 ms: under -icount shift=0 that is five million instructions, and more was felt at every boot. */
#define PIT_COUNT     5966u
#define PIT_POLLS_MAX 10000000u

static uint64_t khz_from_cpuid(void) {
    if (cpuid(0, 0).eax >= CPUID_TSC_RATIO) {
        struct cpuid ratio = cpuid(CPUID_TSC_RATIO, 0); /* TSC Hz = crystal Hz (ECX) * EBX / EAX */
        if (ratio.eax != 0 && ratio.ebx != 0 && ratio.ecx != 0)
            return (uint64_t)ratio.ecx * ratio.ebx / ratio.eax / 1000;
    }
    bool hypervisor = (cpuid(1, 0).ecx >> 31) != 0;
    if (hypervisor && cpuid(CPUID_HYPERVISOR, 0).eax >= CPUID_HYPERVISOR_TIMING)
        return cpuid(CPUID_HYPERVISOR_TIMING, 0).eax;
    return 0;
}

/*
 * Channel 0, since not every machine has the port 0x61 that channel 2 needs (QEMU's microvm has not). The one
 * interrupt that it raises at the end goes to a masked PIC.
 */
static uint64_t khz_from_pit(void) {
    outb(PIT_COMMAND, PIT_LOAD_CHANNEL0);
    outb(PIT_CHANNEL0, PIT_COUNT & 0xff);
    outb(PIT_CHANNEL0, PIT_COUNT >> 8); /* counts from here on */
    uint64_t start = clock_ticks();
    uint32_t polls = 0;
    for (; polls < PIT_POLLS_MAX; polls++) {
        outb(PIT_COMMAND, PIT_READ_STATUS);
        if (inb(PIT_CHANNEL0) & PIT_OUTPUT) break;
    }
    uint64_t ticks = clock_ticks() - start;
    if (polls == 0 || polls == PIT_POLLS_MAX) return 0; /* no PIT: the output never moves */
    return ticks * PIT_HZ / PIT_COUNT / 1000;
}

uint64_t clock_khz(void) {
    static bool measured;
    static uint64_t khz;
    if (!measured) {
        khz = khz_from_cpuid();
        if (khz == 0) khz = khz_from_pit();
        measured = true;
    }
    return khz;
}
