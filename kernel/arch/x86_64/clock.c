/* The rate of the time stamp counter: from CPUID where the machine says it, else measured against the PIT. */
#include <synos/clock.h>

#include <stdbool.h>
#include <synos/cpu.h>

#define CPUID_TSC_RATIO 0x15u
#define CPUID_HYPERVISOR 0x40000000u
#define CPUID_HYPERVISOR_TIMING 0x40000010u /* EAX = TSC kHz; VMware's leaf, KVM and others have it too */

#define PIT_HZ 1193182u
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_COUNT 5966u /* 5 ms: under -icount shift=0 that is five million instructions, at 10 ms boots felt it */
#define PORT_B 0x61     /* bit 0: gate of channel 2, bit 1: speaker, bit 5: output of channel 2 */
#define PIT_POLLS_MAX 10000000u

static uint64_t khz_from_cpuid(void)
{
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

/* Channel 2 in mode 0 raises its output when the count is over; no interrupt is needed, and the speaker stays off. */
static uint64_t khz_from_pit(void)
{
    uint8_t port_b = inb(PORT_B) & 0xfcu;
    outb(PORT_B, port_b); /* gate closed while the count is loaded */
    outb(PIT_COMMAND, 0xb0);
    outb(PIT_CHANNEL2, PIT_COUNT & 0xff);
    outb(PIT_CHANNEL2, PIT_COUNT >> 8);
    uint64_t start = clock_ticks();
    outb(PORT_B, port_b | 1);
    uint32_t polls = 0;
    while ((inb(PORT_B) & 0x20) == 0 && polls < PIT_POLLS_MAX)
        polls++;
    uint64_t ticks = clock_ticks() - start;
    outb(PORT_B, port_b);
    if (polls == 0 || polls == PIT_POLLS_MAX)
        return 0; /* no PIT: the output never moves */
    return ticks * PIT_HZ / PIT_COUNT / 1000;
}

uint64_t clock_khz(void)
{
    static bool measured;
    static uint64_t khz;
    if (!measured) {
        khz = khz_from_cpuid();
        if (khz == 0)
            khz = khz_from_pit();
        measured = true;
    }
    return khz;
}
