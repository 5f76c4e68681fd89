/* What happens when somebody frees what is not theirs to free: pools and heap tell it here, at the moment of
 * the free. */
#ifndef SYNOS_MISUSE_H
#define SYNOS_MISUSE_H

#include <stddef.h>

enum misuse {
    MISUSE_DOUBLE_FREE,      /* it was an allocation and is free already */
    MISUSE_INTERIOR_FREE,    /* inside of an allocation or free block, not at its start */
    MISUSE_UNALLOCATED_FREE, /* in the allocator's window, but nothing was ever handed out there */
    MISUSE_FOREIGN_FREE,     /* not from this allocator at all */
    MISUSE_RETURNED_FREE, /* it was an allocation, is free, and its memory went back to the frame allocator */
    MISUSE_WRONG_SIZE_FREE,  /* the caller names a size of another class */
    MISUSE_WRITE_AFTER_FREE, /* debug profile only: the poison of a free object is damaged when it is handed
                                out again */
};

/* Called with the pointer as it was passed. When it returns, the bad free has had no effect on the allocator.
 */
typedef void misuse_handler(enum misuse kind, const void *pointer);

/* Sets the handler and returns the one before; NULL stands for the default, which panics with the kind and
 * the address. */
misuse_handler *misuse_set_handler(misuse_handler *handler);

/* For allocators. */
void misuse_report(enum misuse kind, const void *pointer) __attribute__((cold));

/* The same, with the size of the objects there and who allocated this one (a code address), 0 and NULL where
 * not known: the panic says so. */
void misuse_report_object(enum misuse kind, const void *pointer, size_t bytes, const void *owner)
    __attribute__((cold));

const char *misuse_name(enum misuse kind);

#endif
