/*
 * The heap's memory. Addresses are plenty, memory is not: before the heap takes more than its share of new
 * frames, it moves those that lie under whole free pages between live blocks to where they are of use. They
 * leave a void behind, a run without memory. So what is committed stays within an eighth of the most that was
 * ever live, however the blocks lie.
 */
#include <synos/panic.h>
#include <synos/string.h>
#include <synos/vm.h>
#include "commit.h"
#include "heap_quick.h"

enum {
    SHARE = 8,       /* what may be committed beyond the peak, as a fraction of it: an eighth ... */
    SHARE_MIN = 512, /* ... but at least so many units */
    PATIENCE = 16,
};

/* Takes consecutive frames, `count` at most, the first of them *other when that is not 0. Returns how many;
 * one that was taken and does not fit on goes to *other. */
static size_t take_frames(size_t count, uint64_t *first, uint64_t *other)
{
    size_t taken = 1;

    *first = *other != 0 ? *other : commit_frame();
    *other = 0;
    if (*first == 0) return 0;
    while (taken < count) {
        const uint64_t next = commit_frame();

        if (next != *first + taken * PAGE_SIZE) {
            *other = next;
            break;
        }
        taken++;
    }
    return taken;
}

/* Maps `count` frames from `first`, or gives them back; notes their numbers. */
static bool map_frames(char *base, uint64_t first, size_t count, uint32_t *numbers)
{
    const bool mapped = vm_map(base, first, count, VM_READ | VM_WRITE) == 0;

    for (size_t i = 0; i < count; i++) {
        if (!mapped)
            uncommit_frame(first + i * PAGE_SIZE);
        else if (numbers)
            numbers[i] = (uint32_t)((first >> PAGE_SHIFT) + i);
    }
    return mapped;
}

/* Puts memory behind the first of `count` pages; returns behind how many. Frames that follow each other are
 * mapped at once. */
static size_t map_pages(char *base, size_t count, uint32_t *numbers)
{
    uint64_t first, other = 0;
    size_t mapped = 0;

    while (mapped < count) {
        const size_t run = take_frames(count - mapped, &first, &other);

        if (run == 0 || !map_frames(base + mapped * PAGE_SIZE, first, run, numbers ? numbers + mapped : NULL))
            break;
        mapped += run;
    }
    if (other != 0) uncommit_frame(other);
    return mapped;
}

/* Makes a list of the heap's at least `bytes` long, zeroed. */
static bool extend_list(void *list, size_t *length, size_t bytes)
{
    while (*length < bytes) {
        if (map_pages((char *)list + *length, 1, NULL) == 0) return false;
        memset((char *)list + *length, 0, PAGE_SIZE);
        *length += PAGE_SIZE;
    }
    return true;
}

static bool describe(uint32_t end)
{
    return extend_list(heap_table(), &heap.table_bytes, end * sizeof(struct heap_run)) &&
           extend_list(heap_frames(), &heap.frames_bytes, end / HEAP_PAGE_UNITS * sizeof(uint32_t));
}

static void uncommit(uint32_t start, uint32_t units)
{
    uint32_t *numbers = &heap_frames()[start / HEAP_PAGE_UNITS];
    const size_t pages = units / HEAP_PAGE_UNITS;

    vm_unmap(heap_address(start), pages);
    for (size_t i = 0; i < pages; i++) {
        uncommit_frame((uint64_t)numbers[i] << PAGE_SHIFT);
        numbers[i] = 0;
    }
    heap.committed -= pages * PAGE_SIZE;
}

/* Puts memory behind `units` units from `start`, whole pages: behind all or none. */
static bool commit(uint32_t start, uint32_t units)
{
    const size_t pages = units / HEAP_PAGE_UNITS;
    const size_t mapped = map_pages(heap_address(start), pages, &heap_frames()[start / HEAP_PAGE_UNITS]);
    heap.committed += mapped * PAGE_SIZE;
    if (mapped < pages && mapped > 0) uncommit(start, (uint32_t)mapped * HEAP_PAGE_UNITS);
    return mapped == pages;
}

static uint32_t round_up(uint32_t units)
{
    return (units + HEAP_PAGE_UNITS - 1) / HEAP_PAGE_UNITS * HEAP_PAGE_UNITS;
}

static uint32_t round_down(uint32_t units)
{
    return units / HEAP_PAGE_UNITS * HEAP_PAGE_UNITS;
}

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
    const uint32_t end = start + heap_length(start), until = round_down(end);
    uint32_t from = round_up(start);

    if (until <= from) return 0;
    if (until - from > wanted) from = until - wanted;
    heap_bin_remove(&heap.free, start);
    uncommit(from, until - from);
    if (from > start) heap_set_state(from, 0);
    add_free(start, from - start);
    add_free(until, end - until);
    add_void(from, until - from);
    return until - from;
}

/* Gives back the memory of up to `wanted` units, whole pages, at the top; returns of how many. */
static uint32_t hollow_top(uint32_t wanted)
{
    const uint32_t spare = heap.end - round_up(heap.top), units = spare < wanted ? spare : wanted;

    if (units == 0) return 0;
    heap.end -= units;
    uncommit(heap.end, units);
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

    if (!commit(start, units)) return false;
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
    if (units > HEAP_UNITS - heap.end || !describe(heap.end + units) || !commit(heap.end, units))
        return false;
    heap.end += units;
    return true;
}

/* Where `units` can become free in one piece: in the void *run, or at the top when it is 0; *lacking have no
 * memory yet. */
static void plan(uint32_t units, uint32_t *run, uint32_t *lacking)
{
    *run = heap_bin_find(&heap.voids, units);
    *lacking = *run != 0 ? round_up(units - free_before(*run)) : round_up(heap.top + units - heap.end);
}

static bool extend(uint32_t units)
{
    uint32_t run, lacking;

    plan(units, &run, &lacking);
    if (lacking / HEAP_PAGE_UNITS > commit_room())
        return false; /* before long work that must end in nothing */
    return run != 0 ? fill_void(run, lacking) : extend_top(lacking);
}

/*
 * Units that would be committed beyond the heap's share, if `lacking` more were. Traffic that comes round
 * again would have the same memory moved for ever: so what was moved earns up to as much again.
 */
static uint32_t excess(uint32_t lacking)
{
    const size_t after = (heap.committed >> HEAP_UNIT_SHIFT) + lacking;
    const size_t share = heap.peak / SHARE, earned = heap.moved_pages * HEAP_PAGE_UNITS / PATIENCE;
    const size_t most =
        heap.peak + (share < SHARE_MIN ? SHARE_MIN : share + (earned < share ? earned : share));

    return after > most ? round_up((uint32_t)(after - most)) : 0;
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
    uint32_t run, lacking;

    do { /* a move may take from what the plan counts on */
        plan(units, &run, &lacking);
    } while (may_move && excess(lacking) > 0 && move(excess(lacking), run != 0) > 0);
    return extend(units) || (may_move && move(lacking, run != 0) > 0 && extend(units));
}

/* Joins what all CPUs keep. */
static void drain_all(void)
{
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
    if (!describe(HEAP_PAGE_UNITS)) panic("no memory for the heap's table");
    heap_set_run(0, HEAP_PAGE_UNITS, 0);
    heap.top = heap.end = heap.reached = HEAP_PAGE_UNITS;
    heap.quick_bytes = HEAP_SIZE / 2;
    heap.quick_units = HEAP_PAGE_UNITS;
}
