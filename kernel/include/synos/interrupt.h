/*
 * Interrupts from outside of the instruction stream: of the timer and of other CPUs, through the local APIC.
 * A handler runs with interrupts off, on the stack that was in use, and without vector registers. A
 * restartable range (restart.h) that was hit is left before: frame->rip is its start already.
 */
#ifndef SYNOS_INTERRUPT_H
#define SYNOS_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>
#include <synos/trap.h>

enum interrupt_vector {
    INTERRUPT_FIRST = 32,
    INTERRUPT_TIMER = 32,
    INTERRUPT_WAKE = 0xf0, /* a CPU that idles has work */
    INTERRUPT_CALL = 0xf1, /* smp_interrupt */
    INTERRUPT_TLB = 0xf2,
    INTERRUPT_SPURIOUS = 0xff, /* what an APIC sends when a request vanished: not to be acknowledged */
};

typedef void interrupt_handler(struct trap_frame *frame);

/* Switches the local APIC on and lets interrupts in on this CPU, the first. False: the machine has no APIC
 * that can be used; then it stays with one CPU, and no interrupt ever comes. */
bool interrupt_init(void);

/* The handler of a vector on all CPUs; returns the one before. NULL: an interrupt there is an error and
 * dumps. */
interrupt_handler *interrupt_set_handler(unsigned vector, interrupt_handler *handler);

/*
 * This CPU's timer, in ticks of clock_ticks(); INTERRUPT_TIMER arrives once, or again and again, until it is
 * started anew or stopped. Up to 2^32 periods of the APIC's clock (seconds); more is cut to that. False: the
 * machine has no timer.
 */
bool timer_once(uint64_t ticks);
bool timer_every(uint64_t ticks);
void timer_stop(void);

#endif
