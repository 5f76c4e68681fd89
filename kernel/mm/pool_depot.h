/* What the caches of a class share: free objects beyond those in the caches, how much is carved and
 * committed, and counts. */
#ifndef SYNOS_MM_POOL_DEPOT_H
#define SYNOS_MM_POOL_DEPOT_H

#include <stdbool.h>
#include "pool_fast.h"

enum { POOL_STATE_PAGES = POOL_GRANULES >> PAGE_SHIFT };
_Static_assert(POOL_STATE_PAGES % 64 == 0, "the bitmap of state pages has no odd bits");

struct pool_depot {
    uint32_t carved;  /* objects made so far, from the window's start */
    uint32_t count;   /* granules in `stack` */
    uint32_t peak;    /* most live objects up to the last exchange */
    size_t committed; /* bytes mapped, from the window's start */
    uint64_t refills, flushes, fallbacks;
    uint32_t stack[POOL_CAPACITY];
};

extern struct pool_depot pool_depots[POOL_CLASSES];

static inline size_t pool_bytes(unsigned class)
{
    return (size_t)POOL_SMALLEST << class;
}

/* Granule at which object number `index` of a class starts. */
static inline uint64_t pool_class_granule(unsigned class, uint64_t index)
{
    return ((uint64_t) class << (POOL_CLASS_SHIFT - POOL_GRANULE_SHIFT)) + (index << class);
}

/* The slow paths, for kmalloc and kfree too. */
void *pool_alloc_slow(size_t bytes);
void pool_free_slow(void *object);

#endif
