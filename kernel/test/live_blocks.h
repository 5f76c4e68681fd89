/* How much memory is handed out, for tests that must leave nothing behind. */
#ifndef SYNOS_TEST_LIVE_BLOCKS_H
#define SYNOS_TEST_LIVE_BLOCKS_H

#include <synos/heap.h>
#include <synos/pool.h>

/* Objects that are live in the pools. */
static inline int64_t live_objects(void)
{
    struct pool_stats stats;
    int64_t live = 0;

    for (unsigned class = 0; class < POOL_CLASSES; class ++) {
        pool_stats(class, &stats);
        live += stats.live;
    }
    return live;
}

/* The same and blocks of the heap. */
static inline size_t live_blocks(void)
{
    struct heap_stats heap;

    heap_stats(&heap);
    return heap.live_blocks + (size_t)live_objects();
}

#endif
