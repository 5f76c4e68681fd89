/* Private to arch/: what an unwanted end prints. Plain text, for people and for hosts that know `PANIC:`. */
#ifndef SYNOS_ARCH_DUMP_H
#define SYNOS_ARCH_DUMP_H

#include <stdint.h>
#include <synos/trap.h>

/*
 * Stops all other CPUs, breaks the serial lock and starts the `PANIC: ` line. A second fault of this CPU on
 * the way ends the machine; a CPU that comes here while another one prints stops for good: one panic is
 * printed.
 */
void dump_begin(void);

/* Stops this CPU for good when another one has begun a dump: for its NMI. */
void dump_stop_if_another_ends(void);

/* The line that says which CPU this is. */
void dump_cpu(void);

/* The exception's name and cause, all registers, a backtrace; then the machine exits. `address` is CR2. */
_Noreturn void dump_exception(const struct trap_frame *frame, uint64_t address);

/* One line: `  label address symbol+offset`. */
void dump_place(const char *label, uint64_t address);

/* Follows frame pointers from `rbp` and prints the callers with their symbols, while they lie in a stack. */
void dump_backtrace(uint64_t rbp);

#endif
