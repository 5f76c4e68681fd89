/*
 * The heap's data, for heap.c, heap_bins.c and heap_check.c only.
 *
 *     HEAP_BASE                                                           HEAP_BASE + HEAP_SIZE / 2
 *     | arena: units of 1 KiB, tiled by runs, committed up to `end` ...   | table: 16 B a unit, committed
 * along ...
 *
 * A run is a row of units, free or live. Its descriptor lies in the table under its first unit; under its
 * last unit stands where it starts, so that both neighbours of a run are one load away (boundary tags: Knuth,
 * TAOCP 1, 2.5C). `units` is 0 under every unit that starts no run, which is how a pointer into the middle of
 * a run is told from one to its start.
 *
 * Free runs lie in bins: one a size up to 15 units, then eight a doubling (two-level segregated fit: Masmano
 * et al., ECRTS 2004).
 */
#ifndef SYNOS_MM_HEAP_RUN_H
#define SYNOS_MM_HEAP_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <synos/heap.h>
#include <synos/layout.h>

enum {
    HEAP_UNIT_SHIFT = 10,
    HEAP_UNITS = HEAP_SIZE / 2 >> HEAP_UNIT_SHIFT,
    HEAP_SPLIT_SHIFT = 3, /* bins a doubling, as a power of two */
    HEAP_BINS = (23 - HEAP_SPLIT_SHIFT + 2) << HEAP_SPLIT_SHIFT,
    HEAP_LIVE = -1, /* in `next`: the run is in no bin, since it is live */
};
_Static_assert(HEAP_UNIT == 1 << HEAP_UNIT_SHIFT, "a unit is a power of two");
_Static_assert(HEAP_UNITS <= 1 << 23, "the bins reach up to the whole arena");

struct heap_run {
    uint32_t units; /* under the first unit: length; else 0 */
    uint32_t first; /* under the last unit: the first one */
    int32_t next;   /* free: next run in the bin, 0 for none (unit 0 is never free: see heap_init); live:
                       HEAP_LIVE */
    union {
        int32_t previous; /* free: run before it in the bin, 0 for none */
        uint32_t slack;   /* live: bytes granted and not asked for */
    };
};
_Static_assert(sizeof(struct heap_run) == 16, "descriptors cost 16 bytes a unit, 1.6 %");

struct heap {
    uint32_t end;     /* units in the arena so far; runs tile [0, end) */
    size_t committed; /* bytes of the arena, and of the table, that are mapped */
    size_t table_committed;
    size_t live_units, peak_units, live_blocks, slack;
    uint64_t allocations, failures;
    uint64_t occupied[(HEAP_BINS + 63) / 64]; /* one bit a bin: it is not empty */
    uint32_t bins[HEAP_BINS];                 /* first run, 0 for none */
};

extern struct heap heap;

static inline struct heap_run *heap_table(void) {
    return (struct heap_run *)(HEAP_BASE + HEAP_SIZE / 2);
}

static inline bool heap_is_free(const struct heap_run *run) {
    return run->units != 0 && run->next != HEAP_LIVE;
}

/* Bin of a free run of this length: the largest bin whose runs are at least as short. */
unsigned heap_bin(uint32_t units);
void heap_bin_insert(uint32_t start);
void heap_bin_remove(uint32_t start);
/* A free run of at least `units`, still in its bin, or 0. Not always the tightest: see heap_bins.c. */
uint32_t heap_bin_find(uint32_t units);

#endif
