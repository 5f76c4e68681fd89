/*
 * Eight pools of objects of one size each: 64 B, 128 B, ... 8 KiB; at most 1024 objects a class. Objects are
 * aligned to their size. Memory is committed as it is needed and given back by pool_trim. Any CPU may call,
 * interrupt handlers too; an object may be freed on another CPU than it came from. Every bad free is caught
 * at the free, also in release builds: see misuse.h. Design and invariants: docs/memory.md.
 */
#ifndef SYNOS_POOL_H
#define SYNOS_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <synos/layout.h>

enum {
    POOL_SMALLEST = 64,   /* bytes of class 0; each further class is twice as large */
    POOL_LARGEST = 8192,  /* bytes of the last class */
    POOL_CAPACITY = 1024, /* objects a class */
};

/* Of a class on all CPUs, or of one CPU's account. While other CPUs work, each number is right at some
 * moment, but not all at one. */
struct pool_stats {
    size_t bytes;     /* size of an object */
    int64_t live;     /* objects handed out now; of one CPU: allocated there minus freed there, which may be
                         negative */
    int64_t peak;     /* at most; exact with one CPU, else what other CPUs had cached counts as live */
    size_t cached;    /* free objects in caches */
    size_t carved;    /* objects that exist: live ones and free ones; of one CPU: 0 */
    size_t committed; /* bytes of memory behind them; of one CPU: 0 */
    uint64_t allocations; /* that succeeded */
    uint64_t hits;        /* of these, served by the fast path */
    uint64_t refills;     /* times that a cache was filled from the depot or from new memory */
    uint64_t flushes;     /* times that a full cache gave a batch back to the depot */
    uint64_t fallbacks;   /* requests that found the class full or memory used up */
    unsigned
        reuse_permille; /* share of allocations that got an object which had existed before; a lower bound */
};

/* Maps the state table and readies this CPU; frames and vm must work. Panics when there is no memory for the
 * table. */
void pool_init(void);

/* Readies the caches of the CPU that calls for a machine of that many; each CPU calls it before it allocates,
 * and again when their number grows. */
void pool_start_cpu(unsigned cpus);

/* An object of at least `bytes` (its content is undefined), or NULL: bytes is 0 or above 8 KiB, class full,
 * or no memory. */
void *pool_alloc(size_t bytes);

/* Gives back what pool_alloc returned. NULL is a foreign pointer here. */
void pool_free(void *object);

/* Size of the object that starts at `object`, or 0 when that is not a live pool object. Any pointer may be
 * asked for. */
size_t pool_usable(const void *object);

/* Whether a free of this many bytes would fit: `object` is a live one of their class, or none of the pools'.
 */
bool pool_is_sized(const void *object, size_t bytes);

/* Size of the objects where this pointer points; 0 outside of the window. */
size_t pool_class_bytes(const void *object);

/* Gives this CPU's cached objects to all CPUs. */
void pool_drain(void);

/* Empties all CPUs' caches, then gives the memory of wholly free slabs (a page, or one object where that is
 * larger) back to the frame allocator; returns how many bytes. With interrupts on, and not from a handler. */
size_t pool_trim(void);

void pool_stats(unsigned class, struct pool_stats *stats);
void pool_cpu_stats(unsigned class, unsigned cpu, struct pool_stats *stats);

/* Walks all classes while no CPU allocates; NULL when every invariant holds, else the sentence that does not.
 */
const char *pool_check(void);

#endif
