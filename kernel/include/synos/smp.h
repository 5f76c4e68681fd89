/*
 * The other CPUs: starting them, and giving them work. Each idles until there is some; nothing is scheduled.
 *
 *     static void body(void *argument) { ... this_cpu()->index ... }
 *     smp_run(SMP_ALL, body, &argument);
 */
#ifndef SYNOS_SMP_H
#define SYNOS_SMP_H

#include <stdbool.h>
#include <stdint.h>
#include <synos/bootinfo.h>

#define SMP_ALL (~0ull)

/* What became of the start, for whoever reports it. */
struct smp_outcome {
    int tables;        /* of acpi_find_cpus: 0, ERR_NOT_FOUND or ERR_CORRUPT */
    unsigned present;  /* CPUs that the tables name, the boot CPU included; 1 without tables */
    unsigned missing;  /* of those that were to be started, how many did not come */
    uint32_t first_id; /* APIC id of the first of these */
};

/*
 * Starts the other CPUs that firmware's tables name, until `limit` run, the boot CPU included. Once, on the
 * boot CPU, with memory and interrupts working. cpu_count() says afterwards how many run.
 */
struct smp_outcome smp_start(const struct bootinfo *boot, unsigned limit);

/*
 * Runs body(argument) on the CPUs whose bit is set in `mask` (those that do not run are left out), on each
 * with interrupts enabled; on the caller too, if chosen, as it stands. Returns when all have. One at a time:
 * a body must not call it.
 */
void smp_run(uint64_t mask, void (*body)(void *argument), void *argument);

/*
 * Has body(argument) run on a CPU in its interrupt handler, soon; on the caller's own at once. May be called
 * anywhere but under a lock, in interrupt handlers too. Calls to one CPU run in the order in which they were
 * made.
 */
void smp_interrupt(unsigned cpu, void (*body)(void *argument), void *argument);

/* The same for another CPU, from one that must not wait, because it holds a lock perhaps: false when the
 * other has not yet taken enough of what was sent to it before. */
bool smp_try_interrupt(unsigned cpu, void (*body)(void *argument), void *argument);

/* Returns when all that was sent to the CPU before has run. */
void smp_interrupt_wait(unsigned cpu);

/* A place where `members` CPUs wait until all of them are there; can be used again at once. */
struct smp_barrier {
    unsigned members, waiting, round;
};

void smp_barrier_wait(struct smp_barrier *barrier);

#endif
