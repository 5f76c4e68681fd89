/* The heap seen from outside: statistics, and a walk over all invariants. */
#include "heap_run.h"

struct tally {
    size_t free_runs, largest_free, live_runs, live_units, slack;
};

static void count_run(struct tally *tally, const struct heap_run *run)
{
    if (heap_is_free(run)) {
        tally->free_runs++;
        if (run->units > tally->largest_free) tally->largest_free = run->units;
    } else {
        tally->live_runs++;
        tally->live_units += run->units;
        tally->slack += run->slack;
    }
}

/* Walks the runs that tile the arena behind unit 0, and counts them. */
static const char *walk_runs(struct tally *tally)
{
    const struct heap_run *table = heap_table();
    bool before_is_free = false;

    for (uint32_t start = 1; start < heap.top; start += table[start].units) {
        const struct heap_run *run = &table[start];

        if (run->units == 0 || run->units > heap.top - start) return "the runs do not tile the arena";
        if (table[start + run->units - 1].first != start)
            return "the last unit of a run does not name its first";
        for (uint32_t unit = start + 1; unit < start + run->units; unit++)
            if (table[unit].units != 0) return "a run seems to start inside of another one";
        if (before_is_free && heap_is_free(run)) return "two free runs touch";
        before_is_free = heap_is_free(run);
        count_run(tally, run);
    }
    return before_is_free ? "a free run touches the top" : NULL;
}

static const char *walk_bin(unsigned bin, size_t *count)
{
    const struct heap_run *table = heap_table();
    uint32_t before = 0;

    if ((heap.bins[bin] != 0) != (heap.columns[bin / HEAP_COLUMNS] >> (bin % HEAP_COLUMNS) & 1))
        return "the bitmap of bins is wrong about one";
    for (uint32_t run = heap.bins[bin]; run != 0; run = (uint32_t)table[run].next) {
        if (run >= heap.top || !heap_is_free(&table[run]) || heap_bin(table[run].units) != bin)
            return "a bin holds what is no free run of its length";
        if ((uint32_t)table[run].previous != before) return "a bin's links disagree";
        before = run;
        if (++*count > HEAP_UNITS) return "a bin runs in a circle";
    }
    return NULL;
}

/* Above the top nothing starts, so that what is carved from it later has a clear interior. */
static const char *check_top(void)
{
    if (heap.top > heap.end || heap.reached < heap.top) return "the top lies outside of the arena";
    for (uint32_t unit = heap.top; unit < heap.reached; unit++)
        if (heap_table()[unit].units != 0) return "a run seems to start in the top";
    for (unsigned row = 0; row < HEAP_ROWS; row++)
        if ((heap.columns[row] != 0) != (heap.rows >> row & 1))
            return "the bitmap of rows is wrong about one";
    return NULL;
}

const char *heap_check(void)
{
    struct tally tally = {0};
    size_t in_bins = 0;
    const char *broken = walk_runs(&tally);

    for (unsigned bin = 0; bin < HEAP_ROWS * HEAP_COLUMNS && !broken; bin++) broken = walk_bin(bin, &in_bins);
    if (!broken) broken = check_top();
    if (broken) return broken;
    if (in_bins != tally.free_runs) return "a free run is in no bin";
    if (tally.live_runs != heap.live_blocks || tally.live_units != heap.live_units ||
        tally.slack != heap.slack)
        return "the counts of live blocks differ from the runs";
    if ((size_t)heap.end << HEAP_UNIT_SHIFT > heap.committed ||
        heap.end * sizeof(struct heap_run) > heap.table_committed)
        return "the arena is longer than its memory";
    return NULL;
}

void heap_stats(struct heap_stats *stats)
{
    struct tally tally = {0};

    walk_runs(&tally);
    if (heap.end - heap.top > tally.largest_free) tally.largest_free = heap.end - heap.top;
    *stats = (struct heap_stats){
        .committed = heap.committed,
        .live = heap.live_units << HEAP_UNIT_SHIFT,
        .peak = heap.peak_units << HEAP_UNIT_SHIFT,
        .requested = (heap.live_units << HEAP_UNIT_SHIFT) - heap.slack,
        .live_blocks = heap.live_blocks,
        .free_blocks = tally.free_runs,
        .largest_free = tally.largest_free << HEAP_UNIT_SHIFT,
        .allocations = heap.allocations,
        .failures = heap.failures,
    };
}
