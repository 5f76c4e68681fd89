/* What is run: a loop over one size, or a script; and whether a block must be aligned to 64 bytes. */
#ifndef SYNOS_HOST_BENCH_WORKLOAD_H
#define SYNOS_HOST_BENCH_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "contender.h"
#include "script.h"

enum { BATCH_MOST = 256 };

struct workload {
    char name[48];
    enum work { WORK_PAIR, WORK_LIFO, WORK_FIFO, WORK_SCRIPT, WORK_TURNS, WORK_RING } work;
    uint32_t bytes;  /* of each block, where all are equal */
    struct op block; /* the same, as the contender is asked for it */
    struct script script;
    uint32_t pairs;  /* allocations in one run of it */
    uint32_t repeat; /* runs a sample, so that a sample is long enough to be timed */
};

/* The one of that name, or the trace that lies in `file`; NULL, or what is wrong. */
const char *workload_make(struct workload *workload, const char *name, const char *file);

/* Names of all that are no trace, in the order in which they are shown; NULL behind the last. */
const char *workload_name(unsigned index);

/* Whether it needs a second thread, and a second processor for that. */
bool workload_is_threaded(const char *name);
bool workload_needs_two_processors(const char *name);

/* Says for each size which call gives blocks at multiples of `alignment` (16 or 64), the plainest first:
 * malloc, malloc of a multiple of 64, aligned_alloc; and runs the work once with all blocks written and
 * checked. NULL, or what is wrong. To be called in a child: it leaves its traces in the allocator. */
const char *workload_choose_calls(struct workload *workload, const struct contender *contender,
                                  unsigned alignment);

/* How many of the allocations of one run use which call. */
struct calls {
    uint32_t plain, aligned;
};
void workload_count_calls(const struct workload *workload, struct calls *calls);

/* Ticks of one sample: all the work, and the same loop without the calls. `slots`: room for the script's
 * pointers. */
uint64_t workload_time(const struct workload *workload, const struct contender *contender, void **slots);
uint64_t workload_time_empty(const struct workload *workload, void **slots);

/* The script's prelude, once. */
void workload_begin(const struct workload *workload, const struct contender *contender, void **slots);

#endif
