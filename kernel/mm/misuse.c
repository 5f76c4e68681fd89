/* Bad frees end in a panic that names them, unless a test has hooked in. */
#include <stddef.h>
#include <synos/misuse.h>
#include <synos/panic.h>

static misuse_handler *current;

misuse_handler *misuse_set_handler(misuse_handler *handler)
{
    misuse_handler *before = current;

    current = handler;
    return before;
}

const char *misuse_name(enum misuse kind)
{
    static const char *const names[] = {
        [MISUSE_DOUBLE_FREE] = "double free",
        [MISUSE_INTERIOR_FREE] = "free of an interior pointer",
        [MISUSE_UNALLOCATED_FREE] = "free of memory that was never allocated",
        [MISUSE_FOREIGN_FREE] = "free of a foreign pointer",
        [MISUSE_WRITE_AFTER_FREE] = "write after free",
    };
    return names[kind];
}

void misuse_report(enum misuse kind, const void *pointer)
{
    if (!current) panic("%s: %p", misuse_name(kind), pointer);
    current(kind, pointer);
}
