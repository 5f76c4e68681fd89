/* The heap's bins: runs found by length, few of them by a look at all, many in constant time. */
#include "heap_bins.h"
#include "heap_run.h"

enum {
    FEW_AGAIN = 4,
    LOOKS = 4, /* runs to try in the request's own bin, whose runs may be a little too short */
};

unsigned heap_bin(uint32_t units)
{
    const unsigned top = 31 ^ (unsigned)__builtin_clz(units | HEAP_COLUMNS);
    const unsigned shift = top - HEAP_COLUMN_SHIFT;

    return (shift << HEAP_COLUMN_SHIFT) + (units >> shift);
}

/* The first run of the first bin behind `bin` that is not empty, or 0. */
static uint32_t first_behind(const struct heap_bins *bins, unsigned bin)
{
    unsigned row = bin / HEAP_COLUMNS;
    unsigned columns = bins->columns[row] & (~1u << (bin % HEAP_COLUMNS));

    if (columns == 0) {
        const uint32_t rows = bins->rows & (~1u << row);

        if (rows == 0) return 0;
        row = (unsigned)__builtin_ctz(rows);
        columns = bins->columns[row];
    }
    return bins->first[row * HEAP_COLUMNS + (unsigned)__builtin_ctz(columns)];
}

/* The tightest of the first few runs of a bin that are long enough, or 0. */
static uint32_t look_through(uint32_t run, uint32_t units)
{
    uint32_t best = 0, least = HEAP_UNITS;

    for (unsigned looks = LOOKS; run != 0 && looks > 0 && least > 0; looks--) {
        const uint32_t excess = heap_length(run) - units; /* huge when it is too short */

        if (excess < least) {
            best = run;
            least = excess;
        }
        run = heap_table()[run].next;
    }
    return best;
}

/*
 * A good fit: from the request's own bin when one of the first few of its runs is long enough, else any run
 * from the next bin that is not empty, all of whose runs are. Looking at a few keeps the cost bounded and
 * finds most of what a full search would.
 */
static uint32_t find_of_many(const struct heap_bins *bins, uint32_t units)
{
    const unsigned bin = heap_bin(units);
    const uint32_t fit = look_through(bins->first[bin], units);

    return fit != 0 ? fit : first_behind(bins, bin);
}

uint32_t heap_bin_find(const struct heap_bins *bins, uint32_t units)
{
    const uint64_t wanted = (uint64_t)units << 32;
    uint64_t best = UINT64_MAX;

    if (bins->many) return find_of_many(bins, units);
    for (uint32_t i = 0; i < bins->count; i++) {
        const uint64_t excess = bins->few[i] - wanted; /* one that is too short wraps around */

        if (excess < best) best = excess;
    }
    return best >> 32 < HEAP_UNITS ? (uint32_t)best : 0;
}

uint32_t heap_bin_longest(const struct heap_bins *bins)
{
    uint64_t longest = 0;

    if (bins->many) {
        const unsigned row = 31 ^ (unsigned)__builtin_clz(bins->rows);
        const unsigned column = 31 ^ (unsigned)__builtin_clz(bins->columns[row]);

        return bins->first[row * HEAP_COLUMNS + column];
    }
    for (uint32_t i = 0; i < bins->count; i++)
        if (bins->few[i] > longest) longest = bins->few[i];
    return (uint32_t)longest;
}

static void link(struct heap_bins *bins, uint32_t start, uint32_t units)
{
    struct heap_run *table = heap_table();
    const unsigned bin = heap_bin(units);
    const uint32_t next = bins->first[bin];

    table[start].next = next;
    table[start].previous = 0;
    bins->first[bin] = start;
    if (next != 0) table[next].previous = start;
    bins->rows |= 1u << (bin / HEAP_COLUMNS);
    bins->columns[bin / HEAP_COLUMNS] |= (uint8_t)(1u << (bin % HEAP_COLUMNS));
}

static void mark_empty(struct heap_bins *bins, unsigned bin)
{
    const unsigned row = bin / HEAP_COLUMNS;

    bins->columns[row] &= (uint8_t) ~(1u << (bin % HEAP_COLUMNS));
    if (bins->columns[row] == 0) bins->rows &= ~(1u << row);
}

static void unlink(struct heap_bins *bins, uint32_t start)
{
    struct heap_run *table = heap_table();
    const uint32_t next = table[start].next, previous = table[start].previous;

    if (next != 0) table[next].previous = previous;
    if (previous != 0) {
        table[previous].next = next;
        return;
    }
    const unsigned bin = heap_bin(heap_length(start));
    bins->first[bin] = next;
    if (next == 0) mark_empty(bins, bin);
}

/* From one row into bins. */
static void spread(struct heap_bins *bins)
{
    bins->many = true;
    for (unsigned i = 0; i < HEAP_FEW; i++)
        link(bins, (uint32_t)bins->few[i], (uint32_t)(bins->few[i] >> 32));
}

/* Back into one row. */
static void gather(struct heap_bins *bins)
{
    bins->many = false;
    bins->count = 0;
    while (bins->rows != 0) {
        const uint32_t run = first_behind(bins, 0);

        unlink(bins, run);
        heap_bin_insert(bins, run, heap_length(run));
    }
}

void heap_bin_insert(struct heap_bins *bins, uint32_t start, uint32_t units)
{
    const uint32_t place = bins->count++;

    if (place == HEAP_FEW && !bins->many) spread(bins);
    if (bins->many) {
        link(bins, start, units);
        return;
    }
    bins->few[place] = (uint64_t)units << 32 | start;
    heap_table()[start].next = place;
}

void heap_bin_remove(struct heap_bins *bins, uint32_t start)
{
    struct heap_run *table = heap_table();
    const uint32_t place = table[start].next, last = --bins->count;

    if (bins->many) {
        unlink(bins, start);
        if (last == FEW_AGAIN) gather(bins);
        return;
    }
    bins->few[place] = bins->few[last];
    table[(uint32_t)bins->few[place]].next = place;
}
