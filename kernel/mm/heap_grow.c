/*
 * The heap's memory. Addresses are plenty, memory is not: before the heap takes more than its share of new
 * frames, it moves those that lie under whole free pages between live blocks to where they are of use. They
 * leave a void behind, a run without memory. So what is committed stays within an eighth of the most that was
 * ever live, however the blocks lie.
 */
#include <synos/panic.h>
#include "commit.h"
#include "heap_pages.h"
#include "heap_quick.h"

/* What may be committed beyond the peak before any memory is moved: an eighth of it, and 512 units at least.
 */
enum { SHARE = 8, SHARE_MIN = 512 };

/* Units moved that earn one more: traffic that comes round again must not move the same memory for ever. */
enum { PATIENCE = 16 };

/* Makes [start, start + units), which is in no bin, void, as one with the voids on both sides. */
static void add_void(uint32_t start, uint32_t units)
{
    const uint32_t before = heap_table()[start - 1].first, next = start + units;

    if (heap_state(before) & HEAP_VOID) {
        heap_bin_remove(&heap.voids, before);
        heap_set_state(start, 0);
        units += heap_length(before);
        start = before;
    }
    if (next < heap.top && heap_state(next) & HEAP_VOID) {
        heap_bin_remove(&heap.voids, next);
        units += heap_length(next);
        heap_set_state(next, 0);
    }
    heap_set_run(start, units, HEAP_VOID);
    heap_bin_insert(&heap.voids, start, units);
}

static void add_free(uint32_t start, uint32_t units)
{
    if (units == 0) return;
    heap_set_run(start, units, HEAP_FREE);
    heap_bin_insert(&heap.free, start, units);
}

/* Gives back the memory of up to `wanted` units, whole pages, out of the end of a free run; returns of how
 * many. */
static uint32_t hollow(uint32_t start, uint32_t wanted)
{
    const uint32_t end = start + heap_length(start), until = heap_page_down(end);
    uint32_t from = heap_page_up(start);

    if (until <= from) return 0;
    if (until - from > wanted) from = until - wanted;
    heap_bin_remove(&heap.free, start);
    heap_uncommit(from, until - from);
    if (from > start) heap_set_state(from, 0);
    add_free(start, from - start);
    add_free(until, end - until);
    add_void(from, until - from);
    return until - from;
}

/* Gives back the memory of up to `wanted` units, whole pages, at the top; returns of how many. */
static uint32_t hollow_top(uint32_t wanted)
{
    const uint32_t spare = heap.end - heap_page_up(heap.top), units = spare < wanted ? spare : wanted;

    if (units == 0) return 0;
    heap.end -= units;
    heap_uncommit(heap.end, units);
    return units;
}

/* Gives back the memory of at least `wanted` units, whole pages, out of free runs, the longest first; returns
 * of how many: less when there are no more. */
static uint32_t scavenge(uint32_t wanted)
{
    uint32_t found = 0, one = 1;

    while (found < wanted && heap.free.count > 0 && one > 0) {
        one = hollow(heap_bin_longest(&heap.free), wanted - found);
        found += one;
    }
    return found;
}

/* What is free before a void and so needs no more memory. */
static uint32_t free_before(uint32_t start)
{
    const uint32_t before = heap_table()[start - 1].first, state = heap_state(before);

    return state & HEAP_FREE ? state & HEAP_LENGTH : 0;
}

/* Commits the front of a void. */
static bool fill_void(uint32_t start, uint32_t units)
{
    const uint32_t length = heap_length(start);

    if (!heap_commit(start, units)) return false;
    heap_bin_remove(&heap.voids, start);
    if (length > units) {
        heap_set_run(start + units, length - units, HEAP_VOID);
        heap_bin_insert(&heap.voids, start + units, length - units);
    }
    heap_set_run(start, units, 0);
    heap_join(start, units);
    return true;
}

static bool extend_top(uint32_t units)
{
    if (units > HEAP_UNITS - heap.end || !heap_describe(heap.end + units) || !heap_commit(heap.end, units))
        return false;
    heap.end += units;
    return true;
}

/* Where `units` can become free in one piece. */
struct plan {
    uint32_t run;     /* the void whose front to fill; 0: at the top */
    uint32_t lacking; /* units that have no memory yet, whole pages */
    uint32_t cost;    /* the same, and what their descriptors take */
};

static struct plan plan_for(uint32_t units)
{
    const uint32_t run = heap_bin_find(&heap.voids, units);

    if (run != 0) {
        const uint32_t lacking = heap_page_up(units - free_before(run));

        return (struct plan){run, lacking, lacking};
    }
    const uint32_t lacking = heap_page_up(heap.top + units - heap.end);
    const size_t cost = lacking + heap_undescribed(heap.end + lacking) * HEAP_PAGE_UNITS;
    return (struct plan){0, lacking, (uint32_t)cost};
}

static bool extend(uint32_t units)
{
    const struct plan plan = plan_for(units);

    if (plan.cost / HEAP_PAGE_UNITS > commit_room())
        return false; /* before long work that must end in nothing */
    return plan.run != 0 ? fill_void(plan.run, plan.lacking) : extend_top(plan.lacking);
}

/* Units that would be committed beyond the heap's share, if `lacking` more were. What is earned doubles the
 * share at most. */
static uint32_t excess(uint32_t lacking)
{
    const size_t after = (heap.committed >> HEAP_UNIT_SHIFT) + lacking, peak = heap_peak(),
                 share = peak / SHARE;
    const size_t earned = heap.moved_pages * HEAP_PAGE_UNITS / PATIENCE;
    const size_t most = peak + (share < SHARE_MIN ? SHARE_MIN : share + (earned < share ? earned : share));

    return after > most ? heap_page_up((uint32_t)(after - most)) : 0;
}

/* Takes memory from where it lies free, for a void or for the top; of how many units. */
static uint32_t move(uint32_t wanted, bool to_void)
{
    const uint32_t from_top = to_void ? hollow_top(wanted) : 0;
    const uint32_t found = from_top + (from_top < wanted ? scavenge(wanted - from_top) : 0);

    heap.moved_pages += found / HEAP_PAGE_UNITS;
    return found;
}

/* Commits memory so that `units` are free in one piece, at the top or in a bin; false when there is none. */
static bool grow(uint32_t units, bool may_move)
{
    struct plan plan;

    do { /* a move may take from what the plan counts on */
        plan = plan_for(units);
    } while (may_move && excess(plan.lacking) > 0 && move(excess(plan.lacking), plan.run != 0) > 0);
    return extend(units) || (may_move && move(plan.cost, plan.run != 0) > 0 && extend(units));
}

/* Joins what all CPUs keep. */
static void drain_all(void)
{
    heap_drain();
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) heap_quick_drain(heap_quick_of(percpu_slot(cpu)));
}

/* Interrupt handlers must not unmap, and so not move: with interrupts off, the heap only grows. */
uint32_t heap_take_more(uint32_t units, uint64_t flags)
{
    uint32_t start = 0;

    if (heap.shared) {
        drain_all();
        start = heap_take(units);
    }
    if (start == 0 && grow(units, irq_was_enabled(flags))) start = heap_take(units);
    if (start == 0) heap.failures++;
    return start;
}

size_t heap_trim(void)
{
    const uint64_t flags = heap_lock();

    drain_all();
    const size_t given = (size_t)hollow_top(HEAP_UNITS) + scavenge(HEAP_UNITS);
    heap_unlock(flags);
    return given << HEAP_UNIT_SHIFT;
}

void heap_init(void)
{
    if (!heap_describe(HEAP_PAGE_UNITS)) panic("no memory for the heap's table");
    heap_set_run(0, HEAP_PAGE_UNITS, 0);
    heap.top = heap.end = heap.reached = HEAP_PAGE_UNITS;
    if (heap_is_quick()) heap.quick_units = HEAP_PAGE_UNITS;
}
