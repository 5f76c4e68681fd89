/* The allocators behind one front, so that each workload runs on all of them. */
#ifndef SYNOS_BENCH_FRONT_H
#define SYNOS_BENCH_FRONT_H

#include <synos/bench.h>
#include <stdbool.h>
#include <stddef.h>
#include "allocator.h"

enum { FRONT_HOLES = 4000 };

struct front {
    const char *name;                  /* as in the label `allocator` */
    const struct allocator *allocator; /* what `start` is not NULL for needs an arena */
    size_t largest;                    /* bytes that it can serve */
    unsigned holes;                    /* made before each workload */
    uint32_t slowness; /* divides the iterations: what takes a thousand times longer is run less often */
};

enum { FRONT_COUNT = 8 };
extern const struct front fronts[FRONT_COUNT];

/* Readies a front for a workload and sets the label; false when there is no memory for its arena, which is
 * noted. */
bool front_start(struct bench *bench, const struct front *front);
void front_stop(const struct front *front);

/* Memory beside pools and heap, which are measured: whole frames, contents undefined; NULL when there are
 * none. */
void *bench_memory_take(size_t bytes);
void bench_memory_give(void *memory, size_t bytes);

#endif
