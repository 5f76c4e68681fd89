/* Bad frees end in a panic that names them, unless a test has hooked in. */
#include <synos/fmt.h>
#include <synos/ksym.h>
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
        [MISUSE_RETURNED_FREE] = "free of memory that was given back",
        [MISUSE_WRONG_SIZE_FREE] = "free with a wrong size",
        [MISUSE_WRITE_AFTER_FREE] = "write after free",
    };
    return names[kind];
}

void misuse_report(enum misuse kind, const void *pointer)
{
    misuse_report_object(kind, pointer, 0, NULL);
}

void misuse_report_object(enum misuse kind, const void *pointer, size_t bytes, const void *owner)
{
    char class[40] = "", by[120] = "";
    uint64_t offset = 0;

    if (bytes != 0) fmt_snprintf(class, sizeof(class), ", object of %zu bytes", bytes);
    if (owner) {
        const char *name = ksym_lookup((uint64_t)owner, &offset);

        fmt_snprintf(by, sizeof(by), ", allocated by %p %s+0x%llx", owner, name ?: "?",
                     (unsigned long long)offset);
    }
    if (!current) panic("%s: %p%s%s", misuse_name(kind), pointer, class, by);
    current(kind, pointer);
}
