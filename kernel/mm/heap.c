/* Heap: allocation splits a run, free joins it with free neighbours, and the arena grows at its end. */
#include <synos/errors.h>
#include <synos/frame.h>
#include <synos/misuse.h>
#include <synos/panic.h>
#include <synos/profile.h>
#include <synos/string.h>
#include <synos/vm.h>
#include "heap_run.h"

enum {
    GROW_UNITS =
        256, /* the arena grows by at least this much if it can: growing is slow, one page at a time */
    HEAP_POISON = 0xdb,
};

struct heap heap;

static void set_run(uint32_t start, uint32_t units, int32_t next)
{
    struct heap_run *table = heap_table();

    table[start].units = units;
    table[start].next = next;
    table[start + units - 1].first = start;
}

static int map_pages(char *base, size_t *committed, size_t wanted)
{
    while (*committed < wanted) {
        const uint64_t phys = frame_alloc(1);

        if (phys == 0) return ERR_NO_MEMORY;
        if (vm_map(base + *committed, phys, 1, VM_READ | VM_WRITE) != 0) {
            frame_free(phys, 1);
            return ERR_NO_MEMORY;
        }
        *committed += PAGE_SIZE;
    }
    return 0;
}

/* Puts memory behind the table (zeroed: no run starts there) and then the arena, up to `end` units. */
static int commit(uint32_t end)
{
    const size_t before = heap.table_committed;
    const int error = map_pages((char *)heap_table(), &heap.table_committed, end * sizeof(struct heap_run));

    memset((char *)heap_table() + before, 0, heap.table_committed - before);
    return error ? error : map_pages((char *)HEAP_BASE, &heap.committed, (size_t)end << HEAP_UNIT_SHIFT);
}

void heap_init(void)
{
    if (commit(1) != 0) panic("no memory for the heap's first page");
    set_run(0, 1, HEAP_LIVE);
    heap.top = heap.end = heap.reached = 1;
}

/* Commits memory until the top has `units`; false when there is none. */
static bool grow(uint32_t units)
{
    if (units > HEAP_UNITS - heap.top) return false;
    uint32_t end = heap.top + units;
    const uint32_t generous = heap.end + GROW_UNITS;

    if (end < generous && generous <= HEAP_UNITS && commit(generous) == 0)
        end = generous;
    else if (commit(end) != 0)
        return false;
    heap.end = end;
    return true;
}

static uint32_t take_from_top(uint32_t units)
{
    const uint32_t start = heap.top;

    if (units > heap.end - heap.top && !grow(units)) return 0;
    heap.top = start + units;
    if (heap.top > heap.reached) heap.reached = heap.top;
    return start;
}

/* Takes the first `units` of a free run out of its bin; the rest goes back into one. */
static __attribute__((noinline)) void take_from_run(uint32_t start, uint32_t units)
{
    const uint32_t rest = heap_table()[start].units - units;

    heap_bin_remove(start);
    if (rest > 0) {
        set_run(start + units, rest, 0);
        heap_bin_insert(start + units);
    }
}

static void count_allocation(uint32_t units, uint32_t slack)
{
    heap.allocations++;
    heap.live_blocks++;
    heap.slack += slack;
    heap.live_units += units;
    if (heap.live_units > heap.peak_units) heap.peak_units = heap.live_units;
}

void *heap_alloc(size_t bytes)
{
    if (bytes - 1 >= (size_t)HEAP_UNITS << HEAP_UNIT_SHIFT) return NULL;
    const uint32_t units = (uint32_t)((bytes + HEAP_UNIT - 1) >> HEAP_UNIT_SHIFT);
    uint32_t start = heap_bin_find(units);

    if (start != 0)
        take_from_run(start, units);
    else
        start = take_from_top(units);
    if (start == 0) {
        heap.failures++;
        return NULL;
    }
    const size_t granted = (size_t)units << HEAP_UNIT_SHIFT;
    set_run(start, units, HEAP_LIVE);
    heap_table()[start].slack = (uint32_t)(granted - bytes);
    count_allocation(units, (uint32_t)(granted - bytes));
    return (char *)HEAP_BASE + ((size_t)start << HEAP_UNIT_SHIFT);
}

/* First unit of the live block that starts at `block`, or 0. */
static uint32_t live_run(const void *block)
{
    const uint64_t offset = (uintptr_t)block - HEAP_BASE;
    const uint64_t unit = offset >> HEAP_UNIT_SHIFT;

    if (offset % HEAP_UNIT != 0 || unit >= heap.top) return 0;
    const struct heap_run *run = &heap_table()[unit];
    return run->units != 0 && run->next == HEAP_LIVE ? (uint32_t)unit : 0;
}

/* Why a pointer is no live block. Free memory forgets where the blocks were that it was joined from: any unit
 * of it counts as one. */
static enum misuse diagnose(const void *block)
{
    const struct heap_run *table = heap_table();
    const uint64_t offset = (uintptr_t)block - HEAP_BASE;
    uint64_t unit = offset >> HEAP_UNIT_SHIFT;

    if (unit >= HEAP_UNITS) return MISUSE_FOREIGN_FREE;
    if (unit >= heap.reached || unit == 0) return MISUSE_UNALLOCATED_FREE;
    while (unit < heap.top && table[unit].units == 0) unit--;
    const bool is_free = unit >= heap.top || heap_is_free(&table[unit]);
    return is_free && offset % HEAP_UNIT == 0 ? MISUSE_DOUBLE_FREE : MISUSE_INTERIOR_FREE;
}

static __attribute__((noinline, cold)) void refuse(const void *block)
{
    misuse_report(diagnose(block), block);
}

/* Joins a run, which is in no bin, with what is free on both sides; the whole goes to the top when it touches
 * it, else into a bin. */
static __attribute__((noinline)) void join(uint32_t start, uint32_t units)
{
    struct heap_run *table = heap_table();
    const uint32_t next = start + units, before = table[start - 1].first;

    if (heap_is_free(&table[before])) {
        heap_bin_remove(before);
        units += table[before].units;
        table[start].units = 0;
        start = before;
    }
    if (next == heap.top) {
        table[start].units = 0;
        heap.top = start;
        return;
    }
    if (heap_is_free(&table[next])) {
        heap_bin_remove(next);
        units += table[next].units;
        table[next].units = 0;
    }
    set_run(start, units, 0);
    heap_bin_insert(start);
}

void heap_free(void *block)
{
    const uint32_t start = live_run(block);

    if (start == 0) {
        refuse(block);
        return;
    }
    struct heap_run *table = heap_table();
    const uint32_t units = table[start].units;
    if (SYNOS_DEBUG) memset(block, HEAP_POISON, (size_t)units << HEAP_UNIT_SHIFT);
    heap.live_blocks--;
    heap.live_units -= units;
    heap.slack -= table[start].slack;

    if (start + units == heap.top && !heap_is_free(&table[table[start - 1].first])) {
        table[start].units = 0; /* the last block goes back where it came from */
        heap.top = start;
    } else {
        join(start, units);
    }
}

size_t heap_usable(const void *block)
{
    const uint32_t start = live_run(block);

    return start == 0 ? 0 : (size_t)heap_table()[start].units << HEAP_UNIT_SHIFT;
}
