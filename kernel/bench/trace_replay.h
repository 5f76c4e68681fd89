/*
 * Replays a trace on an allocator, and looks at what it does with memory meanwhile. The words are those of
 * Wilson et al. 1995 ("Dynamic storage allocation: a survey and critical review"). Needs nothing but lib/.
 */
#ifndef SYNOS_BENCH_TRACE_REPLAY_H
#define SYNOS_BENCH_TRACE_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "allocator.h"
#include "trace_decode.h"

enum { REPLAY_POINTS = 64 };

/*
 * Performs all events; false when the allocator had no block for one, in which case what lived is freed, too.
 * `slots` has room for all of the trace's and holds NULL before and after. replay_idly() does the same but
 * for the calls: what replaying itself costs.
 */
bool replay(const struct trace *trace, const struct allocator *allocator, void **slots);
bool replay_idly(const struct trace *trace, void **slots);

/*
 * Bytes of the smallest arena, found by halving to 1/512 of it, on which the trace runs; `arena` has `bytes`
 * to try with. 0 when all of them are too few.
 */
size_t replay_smallest_arena(const struct trace *trace, const struct allocator *allocator, void *arena,
                             size_t bytes, void **slots);

/* What else somebody can tell about an allocator while a trace runs on it; each may be NULL. */
struct replay_hooks {
    size_t (*footprint)(void); /* bytes that it holds now; else the span of the addresses used so far */
    void (*space)(struct allocator_space *out); /* what is free now: looked at only at the points */
    bool (*is_pooled)(const void *memory);
};

struct replay_sight {
    uint64_t requested, granted; /* bytes of all allocations: the difference is internal fragmentation */
    size_t reused, pooled; /* allocations that got an address which one before them had; a pool's object */
    size_t peak_footprint;
    uint64_t external; /* 1 - largest / total of what is free, mean over the points, in permille */
    size_t points;     /* as many as there were events for, at most REPLAY_POINTS */
    size_t step;       /* events from one point to the next; the first is after so many */
    uint64_t live[REPLAY_POINTS], footprint[REPLAY_POINTS]; /* most bytes since the point before it; live
                                                               ones as asked for */
};

/* As replay(), with a look at each event; `seen` is memory for replay_seen_bytes(), contents do not matter.
 */
size_t replay_seen_bytes(const struct trace *trace);
bool replay_and_look(const struct trace *trace, const struct allocator *allocator,
                     const struct replay_hooks *hooks, void **slots, void *seen, struct replay_sight *out);

#endif
