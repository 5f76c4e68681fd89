/* From an interrupt's vector to its handler. */
#include <synos/interrupt.h>

#include <stddef.h>
#include <synos/irq.h>
#include <synos/panic.h>
#include <synos/restart.h>

#include "apic.h"
#include "cpu_slot.h"
#include "dump.h"

void interrupt_handle(struct trap_frame *frame);
void trap_handle(struct trap_frame *frame);

static void do_nothing(struct trap_frame *frame)
{
    (void)frame;
}

static void flush(struct trap_frame *frame)
{
    (void)frame;
    tlb_serve(cpu_self());
}

static void run_calls(struct trap_frame *frame)
{
    (void)frame;
    smp_serve_calls();
}

static interrupt_handler *handlers[256] = {
    [INTERRUPT_WAKE] = do_nothing, /* that it came is all */
    [INTERRUPT_CALL] = run_calls,
    [INTERRUPT_TLB] = flush,
    [INTERRUPT_SPURIOUS] = do_nothing,
};

bool interrupt_init(void)
{
    if (!apic_init()) return false;
    cpu_self()->apic_id = apic_id();
    irq_enable();
    return true;
}

interrupt_handler *interrupt_set_handler(unsigned vector, interrupt_handler *handler)
{
    if (vector < INTERRUPT_FIRST || vector > 255) panic("interrupt_set_handler(%u): no such vector", vector);
    return __atomic_exchange_n(&handlers[vector], handler, __ATOMIC_ACQ_REL);
}

/* The acknowledgement comes last: a handler is not interrupted by its own vector, not even when it lets
 * interrupts in. */
void interrupt_handle(struct trap_frame *frame)
{
    interrupt_handler *handler = __atomic_load_n(&handlers[frame->vector], __ATOMIC_ACQUIRE);
    if (handler == NULL) {
        trap_handle(frame);
        return;
    }
    frame->rip = restart_point(frame->rip);
    handler(frame);
    if (frame->vector != INTERRUPT_SPURIOUS) apic_end_of_interrupt();
}
