/* kmalloc and the heap as if they had an arena: a limit on what pools and heap may commit stands for its
 * size. */
#ifndef SYNOS_BENCH_KMEM_ARENA_H
#define SYNOS_BENCH_KMEM_ARENA_H

#include "trace_replay.h"

/*
 * Their `start` empties pools and heap and sets the limit, whatever arena it is given; false when they cannot
 * be emptied. `space` tries for the largest block that is still to be had.
 */
extern const struct allocator kmem_in_arena, heap_in_arena;

/* What `start` took away: no limit from here on. */
void kmem_arena_end(void);

/* For a replay: bytes that are committed beyond what was before, and whether a block is a pool's. */
extern const struct replay_hooks kmem_hooks;

#endif
