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
    TRAP_BREAKPOINT = 3,
    TRAP_INVALID_OPCODE = 6,
    TRAP_DOUBLE_FAULT = 8,
    TRAP_GENERAL_PROTECTION = 13,
    TRAP_PAGE_FAULT = 14,
};

/* Loads GDT, TSS and IDT; from then on every exception ends in a dump. Stacks of their own: trap_set_ist. */
void trap_init(void);

/* Gives the double fault (IST 1), NMI (2) and machine check (3) their stacks; `top` is 16-byte aligned. */
void trap_set_ist(unsigned ist, void *top);

/*
 * Runs body(argument). Returns -1 when it returned, else the vector of the exception that stopped it, with
 * its CR2 in *address when that is not NULL. For tests of protections; not nestable, and a body that is
 * stopped leaks what it held.
 */
int trap_catch(void (*body)(void *), void *argument, uint64_t *address);

#endif
