/* Exceptions: own GDT, TSS and IDT, the dump, and a way for tests to survive an expected fault. */
#ifndef SYNOS_TRAP_H
#define SYNOS_TRAP_H

#include <stdint.h>

/* What the stubs in trap_entry.S push; the order is theirs. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss; /* pushed by the CPU */
};

enum trap_vector {
    TRAP_DIVIDE = 0,
    TRAP_DEBUG = 1,
    TRAP_NMI = 2,
    TRAP_BREAKPOINT = 3,
    TRAP_INVALID_OPCODE = 6,
    TRAP_DOUBLE_FAULT = 8,
    TRAP_GENERAL_PROTECTION = 13,
    TRAP_PAGE_FAULT = 14,
    TRAP_MACHINE_CHECK = 18,
};

/* Loads GDT, TSS and IDT on the boot CPU; from then on every exception ends in a dump. */
void trap_init(void);

/*
 * Runs `handler` for each debug exception (single steps, breakpoints) instead of the dump; NULL: the dump
 * again. A restartable range (restart.h) that was hit goes on where it was, since a step through it would
 * never end otherwise: a handler that does what an interrupt may do sets frame->rip to
 * restart_point(frame->rip) itself.
 */
void trap_set_debug_handler(void (*handler)(struct trap_frame *frame));

/*
 * Runs body(argument). Returns -1 when it returned, else the vector of the exception that stopped it, with
 * its CR2 in *address when that is not NULL. For tests of protections, on any CPU; not nestable, and a body
 * that is stopped leaks what it held. The interrupt flag is as before, either way.
 */
int trap_catch(void (*body)(void *), void *argument, uint64_t *address);

#endif
