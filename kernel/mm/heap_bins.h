/*
 * The runs of one kind that nobody uses, to be found by length. Few, as inference leaves them, stand in one
 * row and are all looked at: no other upkeep is needed. Many lie in bins by length, the lists of two-level
 * segregated fit (Masmano et al., ECRTS 2004): a row of eight bins for each doubling, one bit a bin.
 */
#ifndef SYNOS_MM_HEAP_BINS_H
#define SYNOS_MM_HEAP_BINS_H

#include <stdbool.h>
#include <stdint.h>
#include <synos/heap.h>
#include <synos/layout.h>
#include "heap_layout.h"

enum {
    HEAP_UNITS_SHIFT = 23,
    HEAP_UNITS = 1 << HEAP_UNITS_SHIFT, /* of the arena */
    HEAP_PAGE_UNITS = PAGE_SIZE >> HEAP_UNIT_SHIFT,
    HEAP_FEW = 16,
    HEAP_COLUMN_SHIFT = 3, /* bins a row, as a power of two */
    HEAP_COLUMNS = 1 << HEAP_COLUMN_SHIFT,
    HEAP_ROWS = HEAP_UNITS_SHIFT - HEAP_COLUMN_SHIFT + 2,
};
_Static_assert(HEAP_UNIT == 1 << HEAP_UNIT_SHIFT, "a unit is a power of two");
_Static_assert(HEAP_SIZE / 2 == 1ull << (HEAP_UNITS_SHIFT + HEAP_UNIT_SHIFT),
               "the arena is the lower half of the window");
_Static_assert(HEAP_COLUMNS == 8, "a row's bins are the bits of one byte");

struct heap_bins {
    uint32_t count;
    bool many;
    uint64_t few[HEAP_FEW]; /* length << 32 | first unit; `next` of a run's descriptor is its place here */
    uint32_t rows;          /* one bit a row: a bin of it is not empty */
    uint8_t columns[HEAP_ROWS];
    uint32_t first[HEAP_ROWS * HEAP_COLUMNS]; /* 0 for none */
};

/* Puts in a run of this length. */
void heap_bin_insert(struct heap_bins *bins, uint32_t start, uint32_t units);

/* Takes a run out; its descriptor still has the length that it was put in with. */
void heap_bin_remove(struct heap_bins *bins, uint32_t start);

/* A run of at least `units`, still in its bin, or 0: the tightest, and of such the lowest; of many, a tight
 * one. */
uint32_t heap_bin_find(const struct heap_bins *bins, uint32_t units);

/* A run that no other one is much longer than; 0 when there is none. */
uint32_t heap_bin_longest(const struct heap_bins *bins);

/* Bin of a run of this length: the last one whose runs are at least as short. Bins of rows 0 and 1 hold one
 * length each. */
unsigned heap_bin(uint32_t units);

#endif
