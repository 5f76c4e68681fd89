/* Catches what allocators say about bad frees, so that a test can go on. */
#include "misuse_trap.h"

static struct misuse_trap trap;

static void note(enum misuse kind, const void *pointer)
{
    trap.count++;
    trap.kind = kind;
    trap.pointer = pointer;
}

struct misuse_trap misuse_of(void (*free_function)(void *), void *pointer)
{
    misuse_handler *before = misuse_set_handler(note);

    trap = (struct misuse_trap){0};
    free_function(pointer);
    misuse_set_handler(before);
    return trap;
}

bool is_misuse(void (*free_function)(void *), void *pointer, enum misuse kind)
{
    const struct misuse_trap got = misuse_of(free_function, pointer);

    return got.count == 1 && got.kind == kind && got.pointer == pointer;
}
