/*
 * Eight pools of objects of one size each: 64 B, 128 B, ... 8 KiB; at most 1024 objects a class. Objects are
 * aligned to their size. Memory is committed as it is needed and stays with its class. Design and invariants:
 * docs/memory.md.
 *
 * One CPU, and not from interrupt handlers (yet). Every bad free is caught at the free, also in release
 * builds: see misuse.h.
 */
#ifndef SYNOS_POOL_H
#define SYNOS_POOL_H

#include <stddef.h>
#include <stdint.h>
#include <synos/layout.h>

enum {
    POOL_SMALLEST = 64,   /* bytes of class 0; each further class is twice as large */
    POOL_LARGEST = 8192,  /* bytes of the last class */
    POOL_CAPACITY = 1024, /* objects a class */
};

struct pool_stats {
    size_t bytes;         /* size of an object */
    size_t live, peak;    /* objects handed out now, and at most */
    size_t carved;        /* objects that exist: live ones and free ones */
    size_t committed;     /* bytes of memory behind them */
    uint64_t allocations; /* that succeeded */
    uint64_t hits;        /* of these, served by the fast path */
    uint64_t refills;     /* times that the cache was filled from the depot or from new memory */
    uint64_t flushes;     /* times that a full cache gave a batch back to the depot */
    uint64_t fallbacks;   /* requests that found the class full or memory used up */
    unsigned
        reuse_permille; /* share of allocations that got an object which had existed before; a lower bound */
};

/* Maps the state table; frames and vm must work. Panics when there is no memory for its first page. */
void pool_init(void);

/* An object of at least `bytes` (its content is undefined), or NULL: bytes is 0 or above 8 KiB, class full,
 * or no memory. */
void *pool_alloc(size_t bytes);

/* Gives back what pool_alloc returned. NULL is a foreign pointer here. */
void pool_free(void *object);

/* Size of the object that starts at `object`, or 0 when that is not a live pool object. Any pointer may be
 * asked for. */
size_t pool_usable(const void *object);

void pool_stats(unsigned class, struct pool_stats *stats);

/* Walks all classes; NULL when every invariant holds, else the sentence that does not. */
const char *pool_check(void);

#endif
