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
#define PIT_LOAD_CHANNEL0 0x30 /* both bytes, mode 0: counts down once, and no interrupt is needed */
#define PIT_LATCH         0x00 /* channel 0: freeze the count until it is read */

#define WINDOWS           3
#define WINDOW_COUNTS     2386u /* 2 ms: long against the PIT's 0.8 us, short in a boot */
#define SPINS_BEFORE_POLL 5000u /* ports are slow, most of all under -icount */
#define POLLS_MAX         5000u
#define POLLS_STANDSTILL  50u /* after so many without a change there is no PIT */

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

static uint16_t pit_count(void)
{
    outb(PIT_COMMAND, PIT_LATCH);
    uint8_t low = inb(PIT_CHANNEL0);
    return (uint16_t)(low | inb(PIT_CHANNEL0) << 8);
}

/* The PIT is read inside the two readings of the TSC: a host that takes the CPU away makes the rate look too
 * high only. */
static uint64_t khz_of_window(void)
{
    uint64_t start = clock_ticks();
    uint16_t first = pit_count();
    for (uint32_t polls = 1; polls <= POLLS_MAX; polls++) {
        for (uint32_t spin = 0; spin < SPINS_BEFORE_POLL; spin++) __asm__ volatile("");
        uint16_t counted = (uint16_t)(first - pit_count());
        if (counted >= WINDOW_COUNTS) return (clock_ticks() - start) * PIT_HZ / counted / 1000;
        if (counted == 0 && polls >= POLLS_STANDSTILL) return 0;
    }
    return 0;
}

/* Channel 0: the port 0x61 that channel 2 needs is not on every machine (QEMU's microvm has none). */
static uint64_t khz_from_pit(void)
{
    outb(PIT_COMMAND, PIT_LOAD_CHANNEL0);
    outb(PIT_CHANNEL0, 0xff);
    outb(PIT_CHANNEL0, 0xff);
    uint64_t lowest = khz_of_window();
    for (int i = 1; i < WINDOWS && lowest != 0; i++) {
        uint64_t khz = khz_of_window();
        lowest = khz < lowest ? khz : lowest;
    }
    return lowest;
}

static bool is_known;
static uint64_t known_khz;

void clock_set_khz(uint64_t khz)
{
    known_khz = khz;
    is_known = true;
}

uint64_t clock_khz(void)
{
    if (!is_known) {
        known_khz = khz_from_cpuid();
        if (known_khz == 0) known_khz = khz_from_pit();
        is_known = true;
    }
    return known_khz;
}
