/* Walks every invariant of the heap. */
#include "heap_quick.h"

struct tally {
    size_t live_units, free_runs, void_runs, kept_runs, pages;
};

/* Pages have memory where they are no void and below the end, and nowhere else. */
static const char *check_pages(uint32_t start, uint32_t units, bool is_void, struct tally *tally)
{
    for (uint32_t page = start / HEAP_PAGE_UNITS; page <= (start + units - 1) / HEAP_PAGE_UNITS; page++)
        if ((heap_frames()[page] == 0) != is_void) return "a void has memory, or a run has none";
    if (!is_void) return NULL;
    if (start % HEAP_PAGE_UNITS != 0 || units % HEAP_PAGE_UNITS != 0) return "a void is not whole pages";
    tally->pages -= units / HEAP_PAGE_UNITS;
    return NULL;
}

static const char *check_run(uint32_t start, struct tally *tally)
{
    const uint32_t state = heap_state(start), units = state & HEAP_LENGTH, kind = state & ~HEAP_LENGTH;

    if (units == 0 || units > heap.top - start) return "the runs do not tile the arena";
    if (heap_table()[start + units - 1].first != start)
        return "the last unit of a run does not name its first";
    for (uint32_t unit = start + 1; unit < start + units; unit++)
        if (heap_state(unit) != 0) return "a run seems to start inside of another one";
    switch (kind) {
    case HEAP_LIVE: tally->live_units += units; break;
    case HEAP_FREE: tally->free_runs++; break;
    case HEAP_VOID: tally->void_runs++; break;
    case 0: tally->kept_runs++; break;
    default: return "a run is of two kinds";
    }
    return check_pages(start, units, kind == HEAP_VOID, tally);
}

static const char *walk_runs(struct tally *tally)
{
    uint32_t kind_before = 0;

    tally->pages = heap.end / HEAP_PAGE_UNITS - 1;
    for (uint32_t start = HEAP_PAGE_UNITS; start < heap.top; start += heap_length(start)) {
        const char *broken = check_run(start, tally);
        const uint32_t kind = heap_state(start) & (HEAP_FREE | HEAP_VOID);

        if (broken) return broken;
        if (kind != 0 && kind == kind_before) return "two free runs or two voids touch";
        kind_before = kind;
    }
    return kind_before == HEAP_FREE ? "a free run touches the top" : NULL;
}

static const char *check_few(const struct heap_bins *bins, uint32_t kind)
{
    for (uint32_t place = 0; place < bins->count; place++) {
        const uint32_t start = (uint32_t)bins->few[place], units = (uint32_t)(bins->few[place] >> 32);

        if (start >= heap.top || heap_state(start) != (units | kind))
            return "a row holds what is no run of its kind";
        if (heap_table()[start].next != place) return "a run does not know its place in the row";
    }
    return bins->rows == 0 ? NULL : "there are few runs, and some are in bins";
}

static const char *check_bin(const struct heap_bins *bins, unsigned bin, uint32_t kind, size_t *count)
{
    uint32_t before = 0;

    if ((bins->first[bin] != 0) != (bins->columns[bin / HEAP_COLUMNS] >> (bin % HEAP_COLUMNS) & 1))
        return "the bitmap of bins is wrong about one";
    for (uint32_t run = bins->first[bin]; run != 0; run = heap_table()[run].next) {
        if (run >= heap.top || (heap_state(run) & ~HEAP_LENGTH) != kind || heap_bin(heap_length(run)) != bin)
            return "a bin holds what is no run of its kind and length";
        if (heap_table()[run].previous != before) return "a bin's links disagree";
        before = run;
        if (++*count > HEAP_UNITS) return "a bin runs in a circle";
    }
    return NULL;
}

static const char *check_bins(const struct heap_bins *bins, uint32_t kind, size_t wanted)
{
    size_t count = 0;

    if (bins->count != wanted) return "a run that nobody uses is in no bin";
    if (!bins->many) return check_few(bins, kind);
    for (unsigned bin = 0; bin < HEAP_ROWS * HEAP_COLUMNS; bin++) {
        const char *broken = check_bin(bins, bin, kind, &count);

        if (broken) return broken;
    }
    for (unsigned row = 0; row < HEAP_ROWS; row++)
        if ((bins->columns[row] != 0) != (bins->rows >> row & 1))
            return "the bitmap of rows is wrong about one";
    return count == wanted ? NULL : "the number of runs in bins is wrong";
}

static bool is_kept(uint64_t start, uint64_t units)
{
    return start < heap.top && heap_state(start) == units;
}

/* How many runs a CPU keeps; SIZE_MAX when one of them is none. */
static size_t count_kept(const struct heap_quick *quick)
{
    size_t count = 0;

    for (unsigned slot = 0; slot < HEAP_KEPT; slot++) {
        const uint64_t word = __atomic_load_n(&quick->slots[slot], __ATOMIC_RELAXED);
        const struct heap_fast *fast = &quick->fast[slot];

        count += (word != 0) + (fast->units != 0);
        if (word != 0 && !is_kept((uint32_t)word, word >> 32)) return SIZE_MAX;
        if (fast->units == 0) continue;
        if (!is_kept(heap_unit_of_run(fast->run), fast->units) ||
            fast->block != heap_address(heap_unit_of_run(fast->run)))
            return SIZE_MAX;
    }
    return count;
}

/* Each kept run stands in one slot of one CPU, and slots hold nothing else. */
static const char *check_kept(size_t wanted)
{
    size_t count = 0;

    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        const size_t kept = count_kept(heap_quick_of(percpu_slot(cpu)));

        if (kept == SIZE_MAX) return "a CPU keeps what is no kept run of that length";
        count += kept;
    }
    return count == wanted ? NULL : "a kept run stands in no slot, or in two";
}

/* Above the top nothing starts, so that what is carved from it later has a clear interior. */
static const char *check_top(void)
{
    if (heap.top > heap.end || heap.reached < heap.top || heap.end % HEAP_PAGE_UNITS != 0)
        return "the top lies outside of the arena";
    for (uint32_t unit = heap.top; unit < heap.reached; unit++)
        if (heap_state(unit) != 0) return "a run seems to start in the top";
    for (uint32_t page = (heap.top + HEAP_PAGE_UNITS - 1) / HEAP_PAGE_UNITS;
         page < heap.frames_bytes / sizeof(uint32_t); page++)
        if ((heap_frames()[page] != 0) != (page < heap.end / HEAP_PAGE_UNITS))
            return "the top's memory does not end where it should";
    return NULL;
}

static const char *check_counts(const struct tally *tally)
{
    if ((int64_t)tally->live_units != (int64_t)heap.peak - heap.headroom)
        return "the count of live units differs from the runs";
    if (tally->pages * PAGE_SIZE != heap.committed)
        return "the count of committed pages differs from the runs";
    if (heap.end * sizeof(struct heap_run) > heap.table_bytes) return "the arena is longer than its table";
    return NULL;
}

static const char *check(void)
{
    struct tally tally = {0};

    return walk_runs(&tally) ?: check_top() ?: check_bins(&heap.free, HEAP_FREE, tally.free_runs) ?:
           check_bins(&heap.voids, HEAP_VOID, tally.void_runs) ?: check_kept(tally.kept_runs) ?: check_counts(&tally);
}

const char *heap_check(void)
{
    const uint64_t flags = heap_lock();
    const char *broken = check();

    heap_unlock(flags);
    return broken;
}
