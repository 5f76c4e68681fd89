/* How a run becomes a live block and stops being one, and the count that goes with it. */
#ifndef SYNOS_MM_HEAP_LIVE_H
#define SYNOS_MM_HEAP_LIVE_H

#include <synos/profile.h>
#include <synos/string.h>
#include "heap_quick.h"

/* On the quick path: there is a new peak. Returns `block`, to be called last. */
void *heap_note_peak(void *block) __attribute__((cold));

/* On the other: counts units that become live, and a new peak. */
void heap_count_live(uint64_t units);

/* Debug profile: tells a write into a block since it was freed. */
void heap_check_poison(uint64_t start, uint64_t units);

enum { HEAP_POISON = 0xdb };

/* What heap_fast.S leaves over; it jumps to these. CPUs share the heap, or the request is too long; a pointer
 * is none to a unit below heap.quick_units; all slots are full: what stands in the first gives way. */
void *heap_alloc_slow(size_t bytes);
void heap_free_slow(void *block);
void heap_keep_instead(void *block, struct heap_run *run, uint64_t units);

/* Makes a run that is the caller's a live block. */
HEAP_INLINE void *heap_hand_out(uint64_t start, uint64_t units, size_t bytes, const void *owner)
{
    struct heap_run *run = &heap_table()[start];
    void *block = heap_address(start);
    bool used_up;

    __atomic_store_n(&run->bytes, (uint32_t)bytes, __ATOMIC_RELAXED);
    if (SYNOS_DEBUG) __atomic_store_n(&run->owner, (uint32_t)(uintptr_t)owner, __ATOMIC_RELAXED);
    __atomic_store_n(&run->state, (uint32_t)units | HEAP_LIVE, __ATOMIC_RELAXED);
    if (!heap_is_quick()) {
        heap_count_live(units);
        return block;
    }
    __asm__ volatile("subq %2, %0" : "+m"(heap.headroom), "=@ccs"(used_up) : "r"(units) : "memory");
    return __builtin_expect(used_up, 0) ? heap_note_peak(block) : block;
}

/* The same for one that this CPU kept. */
static inline void *heap_hand_out_kept(uint64_t start, uint64_t units, size_t bytes, const void *owner)
{
    __atomic_fetch_add(&heap_quick_of(this_cpu())->hits, 1, __ATOMIC_RELAXED);
    if (SYNOS_DEBUG) heap_check_poison(start, units);
    return heap_hand_out(start, units, bytes, owner);
}

/* The same for one out of the arena, with the lock held. */
HEAP_INLINE void *heap_hand_out_new(uint64_t start, uint64_t units, size_t bytes, const void *owner)
{
    heap.slow_allocations++;
    return heap_hand_out(start, units, bytes, owner);
}

/* A run of `units` from wherever it can be had, kept, with the lock held; 0 when there is none. `flags` is
 * what the lock returned. */
static inline uint32_t heap_obtain(uint32_t units, uint64_t flags)
{
    heap_drain();
    const uint32_t start = heap_take(units);

    return __builtin_expect(start == 0, 0) ? heap_take_more(units, flags) : start;
}

#endif
