/* The local APIC's timer, started in ticks of the time stamp counter. */
#include <synos/interrupt.h>

#include <stddef.h>
#include <synos/clock.h>

#include "apic.h"

#define LVT_PERIODIC (1u << 17)
#define DIVIDE_BY_1  0xbu
#define WINDOWS      3
#define WINDOW_TICKS 1000000u
#define RATE_SHIFT   32

/* Periods of the APIC's clock in 2^32 ticks: every CPU's is the same. 0: not measured yet. */
static uint64_t rate;

static uint64_t measure_window(void)
{
    apic_write(APIC_TIMER_START, UINT32_MAX);
    uint64_t start = clock_ticks(), now = start;
    uint32_t from = apic_read(APIC_TIMER_NOW);
    while (now - start < WINDOW_TICKS) now = clock_ticks();
    uint64_t counted = from - apic_read(APIC_TIMER_NOW);
    return (counted << RATE_SHIFT) / (now - start);
}

static uint64_t middle_of_three(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t low = a < b ? a : b, high = a < b ? b : a;
    if (c < low) return low;
    return c > high ? high : c;
}

/* A host that takes the CPU away between two readings spoils one window: the middle one counts. */
static void measure_rate(void)
{
    apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
    apic_write(APIC_LVT_TIMER, APIC_MASKED | INTERRUPT_TIMER);
    uint64_t first = measure_window(), second = measure_window();
    uint64_t found = middle_of_three(first, second, measure_window());
    apic_write(APIC_TIMER_START, 0);
    __atomic_store_n(&rate, found == 0 ? 1 : found, __ATOMIC_RELEASE);
}

static bool start(uint64_t ticks, uint32_t mode)
{
    if (!apic_present()) return false;
    if (__atomic_load_n(&rate, __ATOMIC_ACQUIRE) == 0) measure_rate();
    unsigned __int128 count = ((unsigned __int128)ticks * rate) >> RATE_SHIFT;
    if (count == 0) count = 1;
    if (count > UINT32_MAX) count = UINT32_MAX;
    apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
    apic_write(APIC_LVT_TIMER, mode | INTERRUPT_TIMER);
    apic_write(APIC_TIMER_START, (uint32_t)count);
    return true;
}

bool timer_once(uint64_t ticks)
{
    return start(ticks, 0);
}

bool timer_every(uint64_t ticks)
{
    return start(ticks, LVT_PERIODIC);
}

void timer_stop(void)
{
    if (!apic_present()) return;
    apic_write(APIC_TIMER_START, 0);
    apic_write(APIC_LVT_TIMER, APIC_MASKED | INTERRUPT_TIMER);
}
