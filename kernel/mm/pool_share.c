/* Objects that lie in other CPUs' caches: asked for when a class has no others, and before memory is given
 * back. */
#include <synos/smp.h>
#include "pool_private.h"

/* One bit a CPU: it has been asked for the class and has not answered yet. */
static uint64_t asked[POOL_CLASSES];

static void answer(void *class)
{
    const unsigned number = (unsigned)(uintptr_t) class;

    __atomic_and_fetch(&asked[number], ~(1ull << this_cpu()->index), __ATOMIC_ACQ_REL);
    pool_drain_class(number);
}

void pool_ask_others(unsigned class)
{
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        const uint64_t bit = 1ull << cpu;

        if (cpu == this_cpu()->index || pool_cached(pool_cpu_of(cpu), class) == 0) continue;
        if (__atomic_fetch_or(&asked[class], bit, __ATOMIC_ACQ_REL) & bit) continue;
        /* Whoever allocates may hold a lock that the other CPU waits for: not asked then, until the next
         * time. */
        if (!smp_try_interrupt(cpu, answer, (void *)(uintptr_t) class))
            __atomic_and_fetch(&asked[class], ~bit, __ATOMIC_ACQ_REL);
    }
}

static void drain(void *ignored)
{
    (void)ignored;
    pool_drain();
}

void pool_drain_all_cpus(void)
{
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) smp_interrupt(cpu, drain, NULL);
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) smp_interrupt_wait(cpu);
}
