/* Catches what allocators say about bad frees, for tests. */
#ifndef SYNOS_TEST_MISUSE_TRAP_H
#define SYNOS_TEST_MISUSE_TRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <synos/misuse.h>

struct misuse_trap {
    unsigned count;
    enum misuse kind;
    const void *pointer;
};

/* Calls free_function(pointer) with a hook set and returns what the allocator said. */
struct misuse_trap misuse_of(void (*free_function)(void *), void *pointer);

/* Whether freeing `pointer` is refused, once, as `kind`. */
bool is_misuse(void (*free_function)(void *), void *pointer, enum misuse kind);

#endif
