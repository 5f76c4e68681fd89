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

/* These are functions of their own to need few registers. Joins with what is free before; nothing behind it
 * is. */
static __attribute__((noinline)) void join_before(struct heap_run *run, uint32_t units)
{
    const uint32_t before = run[-1].first, before_state = heap_state(before);

    if (before_state & HEAP_FREE) {
        __atomic_store_n(&run->state, 0, __ATOMIC_RELAXED);
        resize_few(before, units + (before_state & HEAP_LENGTH));
        return;
    }
    const uint32_t start = (uint32_t)(run - heap_table()), place = heap.free.count++;
    heap.free.few[place] = (uint64_t)units << 32 | start;
    run->next = place;
    __atomic_store_n(&run->state, units | HEAP_FREE, __ATOMIC_RELAXED);
    run[(uint64_t)units - 1].first = start;
}

static __attribute__((noinline)) void join_both(struct heap_run *run, uint32_t units)
{
    struct heap_run *next = run + units;
    const uint32_t next_units = next->state & HEAP_LENGTH, last = --heap.free.count;
    const uint64_t moved = heap.free.few[last];

    heap.free.few[next->next] = moved;
    heap_table()[(uint32_t)moved].next = next->next;
    __atomic_store_n(&next->state, 0, __ATOMIC_RELAXED);
    join_before(run, units + next_units);
}

static __attribute__((noinline)) void join_top(struct heap_run *run)
{
    const uint32_t before = run[-1].first;

    __atomic_store_n(&run->state, 0, __ATOMIC_RELAXED);
    if (heap_state(before) & HEAP_FREE) {
        remove_few(before);
        heap_set_state(before, 0);
        heap.top = before;
    } else {
        heap.top = (uint32_t)(run - heap_table());
    }
}

void heap_join_run(struct heap_run *run, uint32_t units)
{
    const struct heap_run *next = run + units;

    if (__builtin_expect(heap.free.count >= HEAP_FEW || heap.free.many, 0))
        join_many((uint32_t)(run - heap_table()), units);
    else if (next == heap_table() + heap.top)
        join_top(run);
    else if (__atomic_load_n(&next->state, __ATOMIC_RELAXED) & HEAP_FREE)
        join_both(run, units);
    else
        join_before(run, units);
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
    if (rest == 0) {
        remove_few(run);
        return run;
    }
    resize_few(run, rest);
    heap_table()[run + rest + units - 1].first = run + rest;
    return run + rest;
}
