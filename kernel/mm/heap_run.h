/*
 * The heap's data, for heap.c, heap_bins.c and heap_check.c only.
 *
 *     HEAP_BASE                                                                            HEAP_BASE +
 * HEAP_SIZE / 2 | unit 0 | runs, free and live, without gaps | top: free | not committed yet ...      |
 * table: 16 B a unit ... 1                               heap.top     heap.end
 *
 * A run is a row of units. Its descriptor lies in the table under its first unit; under its last unit stands
 * where it starts, so that both neighbours of a run are one load away (boundary tags: Knuth, TAOCP 1, 2.5C).
 * `units` is 0 under every unit that starts no run, which is how a pointer into the middle of a run is told
 * from one to its start. Unit 0 is live for ever: 0 stands for `none` in all lists.
 *
 * Free runs lie in bins, the lists of two-level segregated fit (Masmano et al., ECRTS 2004): a row a
 * doubling, eight bins a row. What is free at the end of the arena lies in no bin: it is taken from last, so
 * that large pieces last long.
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
    HEAP_COLUMN_SHIFT = 3, /* bins a row, as a power of two */
    HEAP_COLUMNS = 1 << HEAP_COLUMN_SHIFT,
    HEAP_ROWS = 23 - HEAP_COLUMN_SHIFT + 2,
    HEAP_LIVE = -1, /* in `next`: the run is in no bin, since it is live */
};
_Static_assert(HEAP_UNIT == 1 << HEAP_UNIT_SHIFT, "a unit is a power of two");
_Static_assert(HEAP_UNITS <= 1 << 23, "the bins reach up to the whole arena");
_Static_assert(HEAP_COLUMNS == 8, "a row's bins are the bits of one byte");

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
    uint32_t top;     /* runs tile [0, top) */
    uint32_t end;     /* [top, end) is committed and free */
    uint32_t reached; /* the highest that top ever was: beyond it nothing was ever allocated */
    uint32_t rows;    /* one bit a row: a bin of it is not empty */
    uint8_t columns[HEAP_ROWS];
    uint32_t bins[HEAP_ROWS * HEAP_COLUMNS]; /* first run, 0 for none */
    size_t committed, table_committed;       /* bytes mapped of the arena and of the table */
    size_t live_units, peak_units, live_blocks, slack;
    uint64_t allocations, failures;
};

extern struct heap heap;

static inline struct heap_run *heap_table(void)
{
    return (struct heap_run *)(HEAP_BASE + HEAP_SIZE / 2);
}

static inline bool heap_is_free(const struct heap_run *run)
{
    return run->units != 0 && run->next != HEAP_LIVE;
}

/* Bin of a free run of this length: the last one whose runs are at least as short. Bins of rows 0 and 1 hold
 * one length each. */
static inline unsigned heap_bin(uint32_t units)
{
    const unsigned top = 31 ^ (unsigned)__builtin_clz(units | HEAP_COLUMNS);
    const unsigned shift = top - HEAP_COLUMN_SHIFT;

    return (shift << HEAP_COLUMN_SHIFT) + (units >> shift);
}

static inline void heap_bin_insert(uint32_t start)
{
    struct heap_run *table = heap_table();
    const unsigned bin = heap_bin(table[start].units);
    const uint32_t next = heap.bins[bin];

    table[start].next = (int32_t)next;
    table[start].previous = 0;
    heap.bins[bin] = start;
    if (next != 0) {
        table[next].previous = (int32_t)start;
        return;
    }
    heap.rows |= 1u << (bin / HEAP_COLUMNS);
    heap.columns[bin / HEAP_COLUMNS] |= (uint8_t)(1u << (bin % HEAP_COLUMNS));
}

static inline void heap_bin_mark_empty(unsigned bin)
{
    const unsigned row = bin / HEAP_COLUMNS;

    heap.columns[row] &= (uint8_t) ~(1u << (bin % HEAP_COLUMNS));
    if (heap.columns[row] == 0) heap.rows &= ~(1u << row);
}

static inline void heap_bin_remove(uint32_t start)
{
    struct heap_run *table = heap_table();
    const int32_t next = table[start].next, previous = table[start].previous;

    if (next != 0) table[next].previous = previous;
    if (previous != 0) {
        table[previous].next = next;
        return;
    }
    const unsigned bin = heap_bin(table[start].units);
    heap.bins[bin] = (uint32_t)next;
    if (next == 0) heap_bin_mark_empty(bin);
}

/* A free run of at least `units`, still in its bin, or 0. Not always the tightest: see heap_bins.c. */
uint32_t heap_bin_find(uint32_t units);

#endif
