/* Kernel stacks in their own window, each with an unmapped guard page under it. */
#ifndef SYNOS_STACK_H
#define SYNOS_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Maps a new stack of 64 KiB and returns its top (16-byte aligned), or NULL when slots or memory are used up.
 * Of its name 23 characters are kept. */
void *stack_create(const char *name);

/* Name of the stack whose guard page holds `address`, or NULL. */
const char *stack_guard_owner(uint64_t address);

/* True when [address, address + length) lies wholly in one mapped stack: a dump may read it. */
bool stack_contains(uint64_t address, size_t length);

/* Leaves the current stack for ever and calls `entry` on the one with this top. */
_Noreturn void stack_enter(void *top, void (*entry)(void));

#endif
