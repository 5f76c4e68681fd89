/* How much memory is handed out, for tests that must leave nothing behind. */
#ifndef SYNOS_TEST_LIVE_BLOCKS_H
#define SYNOS_TEST_LIVE_BLOCKS_H

#include <synos/heap.h>
#include <synos/pool.h>

/* Objects and blocks that are live in pools and heap. */
static inline size_t live_blocks(void)
{
    struct heap_stats heap;
    size_t live;

    heap_stats(&heap);
    live = heap.live_blocks;
    for (unsigned class = 0; class < POOL_CLASSES; class ++) {
        struct pool_stats pool;

        pool_stats(class, &pool);
        live += pool.live;
    }
    return live;
}

#endif
