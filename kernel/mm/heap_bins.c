/* The heap's bins: free runs by length, found in constant time. */
#include "heap_run.h"

enum { LOOKS = 4 }; /* runs to try in the request's own bin, whose runs may be a little too short */

/* The first run of the first bin behind `bin` that is not empty, or 0. */
static uint32_t first_behind(unsigned bin)
{
    unsigned row = bin / HEAP_COLUMNS;
    unsigned columns = heap.columns[row] & (~1u << (bin % HEAP_COLUMNS));

    if (columns == 0) {
        const uint32_t rows = heap.rows & (~1u << row);

        if (rows == 0) return 0;
        row = (unsigned)__builtin_ctz(rows);
        columns = heap.columns[row];
    }
    return heap.bins[row * HEAP_COLUMNS + (unsigned)__builtin_ctz(columns)];
}

/* The tightest of the first few runs of a bin that are long enough, or 0. */
static uint32_t look_through(uint32_t run, uint32_t units)
{
    const struct heap_run *table = heap_table();
    uint32_t best = 0;

    for (unsigned looks = LOOKS; run != 0 && looks > 0; looks--) {
        if (table[run].units == units) return run;
        if (table[run].units > units && (best == 0 || table[run].units < table[best].units)) best = run;
        run = (uint32_t)table[run].next;
    }
    return best;
}

/*
 * A good fit: from the request's own bin when one of the first few of its runs is long enough, else any run
 * from the next bin that is not empty, all of whose runs are. Looking at a few keeps the cost bounded and
 * finds most of what a full search would.
 */
uint32_t heap_bin_find(uint32_t units)
{
    const unsigned bin = heap_bin(units);
    const uint32_t fit = heap.bins[bin] != 0 ? look_through(heap.bins[bin], units) : 0;

    return fit != 0 ? fit : first_behind(bin);
}
