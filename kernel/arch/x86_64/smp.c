/* Work for other CPUs: in their normal context, in their interrupt handlers, and a barrier for all of it. */
#include <synos/smp.h>

#include <synos/cpu.h>
#include <synos/interrupt.h>
#include <synos/irq.h>
#include <synos/panic.h>
#include <synos/spinlock.h>

#include "apic.h"
#include "cpu_slot.h"

static bool run_in_progress;

static bool is_chosen(uint64_t mask, unsigned index)
{
    return (mask >> index & 1) != 0;
}

/* An interrupt that comes between the look and the halt waits until after `sti; hlt`, and ends the halt. */
void smp_idle(struct cpu *cpu)
{
    for (;;) {
        irq_disable();
        if (!__atomic_load_n(&cpu->working, __ATOMIC_ACQUIRE)) {
            __asm__ volatile("sti\n\thlt" : : : "memory");
            continue;
        }
        irq_enable();
        cpu->work.body(cpu->work.argument);
        __atomic_store_n(&cpu->working, false, __ATOMIC_RELEASE);
    }
}

static void order_work(struct cpu *cpu, void (*body)(void *argument), void *argument)
{
    cpu->work = (struct call){body, argument};
    __atomic_store_n(&cpu->working, true, __ATOMIC_RELEASE);
    apic_send(cpu->apic_id, INTERRUPT_WAKE);
}

void smp_run(uint64_t mask, void (*body)(void *argument), void *argument)
{
    const unsigned self = this_cpu()->index, count = cpu_count();
    if (__atomic_exchange_n(&run_in_progress, true, __ATOMIC_ACQUIRE))
        panic("smp_run while another one is on its way");
    for (unsigned index = 0; index < count; index++)
        if (index != self && is_chosen(mask, index)) order_work(cpu_at(index), body, argument);
    if (is_chosen(mask, self)) body(argument);
    for (unsigned index = 0; index < count; index++)
        while (index != self && __atomic_load_n(&cpu_at(index)->working, __ATOMIC_ACQUIRE)) spin_wait();
    __atomic_store_n(&run_in_progress, false, __ATOMIC_RELEASE);
}

/* Of this CPU, with interrupts off. A call that waits serves those behind it: they count as finished when it
 * is. */
void smp_serve_calls(void)
{
    struct calls *calls = &cpu_self()->calls;
    const bool is_outermost = !calls->serving;
    calls->serving = true;
    while (calls->taken != __atomic_load_n(&calls->sent, __ATOMIC_ACQUIRE)) {
        const struct call call = calls->ring[calls->taken % CALLS_MAX];
        __atomic_store_n(&calls->taken, calls->taken + 1, __ATOMIC_RELEASE);
        call.body(call.argument);
        if (is_outermost) __atomic_store_n(&calls->finished, calls->taken, __ATOMIC_RELEASE);
    }
    if (is_outermost) calls->serving = false;
}

/* One turn of waiting for another CPU's handler: where interrupts are off, that CPU may wait for ours. */
static void wait_for_handler(void)
{
    if (!irq_enabled()) smp_serve_calls();
    spin_wait();
}

static bool try_send(struct calls *calls, struct call call)
{
    const uint64_t flags = spin_lock(&calls->lock);
    const uint32_t sent = calls->sent;
    const bool room = sent - __atomic_load_n(&calls->taken, __ATOMIC_ACQUIRE) < CALLS_MAX;
    if (room) {
        calls->ring[sent % CALLS_MAX] = call;
        __atomic_store_n(&calls->sent, sent + 1, __ATOMIC_RELEASE);
    }
    spin_unlock(&calls->lock, flags);
    return room;
}

bool smp_try_interrupt(unsigned cpu, void (*body)(void *argument), void *argument)
{
    if (!try_send(&cpu_at(cpu)->calls, (struct call){body, argument})) return false;
    apic_send(cpu_at(cpu)->apic_id, INTERRUPT_CALL);
    return true;
}

void smp_interrupt(unsigned cpu, void (*body)(void *argument), void *argument)
{
    if (cpu >= cpu_count()) panic("smp_interrupt(%u): %u CPUs run", cpu, cpu_count());
    if (cpu == this_cpu()->index) {
        const uint64_t flags = irq_save();
        smp_serve_calls(); /* those that came before */
        body(argument);
        irq_restore(flags);
        return;
    }
    while (!smp_try_interrupt(cpu, body, argument)) wait_for_handler();
}

void smp_interrupt_wait(unsigned cpu)
{
    const struct calls *calls = &cpu_at(cpu)->calls;
    const uint32_t sent = __atomic_load_n(&calls->sent, __ATOMIC_ACQUIRE);
    while ((int32_t)(__atomic_load_n(&calls->finished, __ATOMIC_ACQUIRE) - sent) < 0) wait_for_handler();
}

/* The last one to come opens the next round; the others wait for its number. */
void smp_barrier_wait(struct smp_barrier *barrier)
{
    const unsigned round = __atomic_load_n(&barrier->round, __ATOMIC_ACQUIRE);
    if (__atomic_add_fetch(&barrier->waiting, 1, __ATOMIC_ACQ_REL) == barrier->members) {
        __atomic_store_n(&barrier->waiting, 0, __ATOMIC_RELAXED);
        __atomic_store_n(&barrier->round, round + 1, __ATOMIC_RELEASE);
        return;
    }
    while (__atomic_load_n(&barrier->round, __ATOMIC_ACQUIRE) == round) spin_wait();
}
