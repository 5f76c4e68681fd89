/*
 * Runs one call in single steps (TF), which counts its instructions, and does what interrupts may do before
 * the n-th of them.
 */
#ifndef SYNOS_TEST_STEPS_H
#define SYNOS_TEST_STEPS_H

#include <stdbool.h>
#include <stdint.h>

/* From now on steps are taken, and `disturb` is what an interrupt does; NULL ends it. */
void steps_to(void (*disturb)(void));

/* The next stepped call is disturbed before its instruction `at`, or the first one behind that at which
 * interrupts are on. */
void steps_disturb_at(uint64_t at);

/* Whether it was: when not, the call had ended before. */
bool steps_were_disturbed(void);

/* Calls function(argument) in steps; returns what it returns. */
uint64_t step_through(const void *function, uint64_t argument);

#endif
