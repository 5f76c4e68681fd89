/* What arch/ gives: CPUs made of threads, with a slot each in the hosted per-CPU window and the GS base on
 * it. */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <synos/ksym.h>
#include <synos/percpu.h>
#include <synos/smp.h>
#include <synos/spinlock.h>
#include "shim.h"

static unsigned entered; /* one more than the highest index so far */

unsigned cpu_count(void)
{
    return __atomic_load_n(&entered, __ATOMIC_ACQUIRE);
}

void spin_wait(void)
{
    sched_yield(); /* there may be fewer processors than threads */
}

static void map_slot(struct percpu *slot, unsigned index)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;

    if (mmap(slot, PERCPU_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0) != slot) return; /* it was there */
    slot->self = slot;
    slot->index = index;
}

/* Those below it, too: whoever counts up to cpu_count() finds a slot for each, also when threads enter in
 * another order. */
static void map_slots(unsigned last)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&mutex);
    for (unsigned index = 0; index <= last; index++) map_slot(percpu_slot(index), index);
    pthread_mutex_unlock(&mutex);
}

void shim_enter_cpu(unsigned index)
{
    struct percpu *slot = percpu_slot(index);
    unsigned before = cpu_count();

    if (index >= CPUS_MAX) abort();
    map_slots(index);
    if (syscall(SYS_arch_prctl, ARCH_SET_GS, slot) != 0 || this_cpu() != slot) {
        perror("set the GS base");
        exit(70);
    }
    while (before <= index && !__atomic_compare_exchange_n(&entered, &before, index + 1, false,
                                                           __ATOMIC_RELEASE, __ATOMIC_ACQUIRE)) {}
}

/* A thread cannot be made to run something: only what a CPU asks of itself is done. */
void smp_interrupt(unsigned cpu, void (*body)(void *argument), void *argument)
{
    if (cpu == this_cpu()->index) body(argument);
}

bool smp_try_interrupt(unsigned cpu, void (*body)(void *argument), void *argument)
{
    smp_interrupt(cpu, body, argument);
    return true;
}

void smp_interrupt_wait(unsigned cpu)
{
    (void)cpu;
}

/* Addresses have no names here: a process has other tools for that. */
const char *ksym_lookup(uint64_t address, uint64_t *offset)
{
    (void)address;
    *offset = 0;
    return NULL;
}
