/*
 * The heap's runs: split when they go out, joined when they come back. Each in two versions: the short one,
 * for few free runs and the usual case, changes them in place and calls nothing.
 */
#include "heap_quick.h"

/* Gives a free run another length, in its row. */
static inline void resize_few(uint32_t start, uint32_t units)
{
    heap.free.few[heap_table()[start].next] = (uint64_t)units << 32 | start;
    heap_set_run(start, units, HEAP_FREE);
}

static inline void insert_few(uint32_t start, uint32_t units)
{
    const uint32_t place = heap.free.count++;

    heap.free.few[place] = (uint64_t)units << 32 | start;
    heap_table()[start].next = place;
    heap_set_run(start, units, HEAP_FREE);
}

static inline void remove_few(uint32_t start)
{
    const uint32_t place = heap_table()[start].next, last = --heap.free.count;
    const uint64_t moved = heap.free.few[last];

    heap.free.few[place] = moved;
    heap_table()[(uint32_t)moved].next = place;
}

/* The whole, from the one before it or from itself on, has become the end of all runs. */
static inline void lower_top(uint32_t start)
{
    heap_set_state(start, 0);
    heap.top = start;
}

static __attribute__((noinline)) void join_many(uint32_t start, uint32_t units)
{
    const uint32_t next = start + units, before = heap_table()[start - 1].first;
    const uint32_t before_state = heap_state(before), next_state = next < heap.top ? heap_state(next) : 0;

    if (next_state & HEAP_FREE) {
        heap_bin_remove(&heap.free, next);
        heap_set_state(next, 0);
        units += next_state & HEAP_LENGTH;
    }
    if (before_state & HEAP_FREE) {
        heap_bin_remove(&heap.free, before);
        heap_set_state(start, 0);
        start = before;
        units += before_state & HEAP_LENGTH;
    }
    if (start + units == heap.top) {
        lower_top(start);
        return;
    }
    heap_set_run(start, units, HEAP_FREE);
    heap_bin_insert(&heap.free, start, units);
}

/* Joins with what is free before; nothing behind it is. These are functions of their own to need few
 * registers. */
static __attribute__((noinline)) void join_before(uint32_t start, uint32_t units)
{
    const uint32_t before = heap_table()[start - 1].first, before_state = heap_state(before);

    if (before_state & HEAP_FREE) {
        heap_set_state(start, 0);
        resize_few(before, units + (before_state & HEAP_LENGTH));
    } else {
        insert_few(start, units);
    }
}

static __attribute__((noinline)) void join_both(uint32_t start, uint32_t units, uint32_t next_units)
{
    remove_few(start + units);
    heap_set_state(start + units, 0);
    join_before(start, units + next_units);
}

static __attribute__((noinline)) void join_top(uint32_t start)
{
    const uint32_t before = heap_table()[start - 1].first;

    if (heap_state(before) & HEAP_FREE) {
        remove_few(before);
        heap_set_state(start, 0);
        start = before;
    }
    lower_top(start);
}

void heap_join(uint32_t start, uint32_t units)
{
    const uint32_t next = start + units;

    if (__builtin_expect(heap.free.count >= HEAP_FEW || heap.free.many, 0)) {
        join_many(start, units);
        return;
    }
    if (next == heap.top) {
        join_top(start);
        return;
    }
    const uint32_t next_state = heap_state(next);
    if (next_state & HEAP_FREE)
        join_both(start, units, next_state & HEAP_LENGTH);
    else
        join_before(start, units);
}

static uint32_t take_top(uint32_t units)
{
    const uint32_t start = heap.top;

    if (units > heap.end - start) return 0;
    heap.top = start + units;
    if (heap.top > heap.reached) {
        __atomic_store_n(&heap.reached, heap.top, __ATOMIC_RELAXED);
        if (heap_is_quick()) heap.quick_units = heap.top;
    }
    heap_set_run(start, units, 0);
    return start;
}

static __attribute__((noinline)) uint32_t take_many(uint32_t units)
{
    const uint32_t run = heap_bin_find(&heap.free, units);

    if (run == 0) return take_top(units);
    const uint32_t length = heap_length(run), rest = length - units;
    heap_bin_remove(&heap.free, run);
    if (rest > 0) {
        heap_set_run(run, rest, HEAP_FREE);
        heap_bin_insert(&heap.free, run, rest);
    }
    heap_set_run(run + rest, units, 0);
    return run + rest;
}

/* Out of the tightest run, and of such the lowest; the last units of it, so that the rest keeps its place. */
uint32_t heap_take(uint32_t units)
{
    const uint64_t wanted = (uint64_t)units << 32;
    uint64_t best = UINT64_MAX;

    if (__builtin_expect(heap.free.many, 0)) return take_many(units);
    for (const uint64_t *run = heap.free.few, *end = run + heap.free.count; run != end; run++) {
        const uint64_t excess = *run - wanted; /* one that is too short wraps around */

        if (excess < best) best = excess;
    }
    const uint32_t run = (uint32_t)best, rest = (uint32_t)(best >> 32);
    if (rest >= HEAP_UNITS) return take_top(units);
    if (rest > 0)
        resize_few(run, rest);
    else
        remove_few(run);
    heap_table()[run + rest + units - 1].first = run + rest;
    return run + rest;
}
