/* How a run becomes a live block and stops being one, and the count that goes with it. */
#ifndef SYNOS_MM_HEAP_LIVE_H
#define SYNOS_MM_HEAP_LIVE_H

#include <synos/profile.h>
#include <synos/string.h>
#include "heap_quick.h"

/* One CPU: there is a new peak. Returns `block`, to be called last. */
void *heap_note_peak(void *block) __attribute__((cold));

/* Several CPUs: counts units that become live, and a new peak. */
void heap_count_live(uint64_t units);

/* Debug profile: tells a write into a block since it was freed. */
void heap_check_poison(uint64_t start, uint64_t units);

enum { HEAP_POISON = 0xdb };

/* Keeps a run though all slots are full: what stands in the first gives way. */
void heap_keep_instead(uint64_t word);

/* Makes a run that is the caller's a live block. */
HEAP_INLINE void *heap_hand_out(uint64_t start, uint64_t units, size_t bytes, const void *owner, bool shared)
{
    struct heap_run *run = &heap_table()[start];
    void *block = heap_address(start);
    bool used_up;

    __atomic_store_n(&run->bytes, (uint32_t)bytes, __ATOMIC_RELAXED);
    if (SYNOS_DEBUG) __atomic_store_n(&run->owner, (uint32_t)(uintptr_t)owner, __ATOMIC_RELAXED);
    __atomic_store_n(&run->state, (uint32_t)units | HEAP_LIVE, __ATOMIC_RELAXED);
    if (shared) {
        heap_count_live(units);
        return block;
    }
    __asm__ volatile("subq %2, %0" : "+m"(heap.headroom), "=@ccs"(used_up) : "r"(units) : "memory");
    return __builtin_expect(used_up, 0) ? heap_note_peak(block) : block;
}

/* The same for one that this CPU kept. */
HEAP_INLINE void *heap_hand_out_kept(uint64_t start, uint64_t units, size_t bytes, const void *owner,
                                     bool shared)
{
    heap_quick_count_hit(shared);
    if (SYNOS_DEBUG) heap_check_poison(start, units);
    return heap_hand_out(start, units, bytes, owner, shared);
}

/* The same for one out of the arena, with the lock held. */
HEAP_INLINE void *heap_hand_out_new(uint64_t start, uint64_t units, size_t bytes, const void *owner)
{
    heap.slow_allocations++;
    if (__builtin_expect(heap.shared, 0)) return heap_hand_out(start, units, bytes, owner, true);
    return heap_hand_out(start, units, bytes, owner, false);
}

/* A run of `units` from wherever it can be had, kept, with the lock held; 0 when there is none. `flags` is
 * what the lock returned. */
HEAP_INLINE uint32_t heap_obtain(uint32_t units, uint64_t flags)
{
    heap_quick_drain(heap_quick_of(this_cpu()));
    const uint32_t start = heap_take(units);

    return __builtin_expect(start == 0, 0) ? heap_take_more(units, flags) : start;
}

/* Clears the live bit under a unit; false when it was not set, and then nothing has changed. */
HEAP_INLINE bool heap_end_life(uint64_t unit, bool shared)
{
    uint32_t *state = &heap_table()[unit].state;
    bool live;

    if (shared) return (__atomic_fetch_and(state, ~HEAP_LIVE, __ATOMIC_ACQ_REL) & HEAP_LIVE) != 0;
    __asm__ volatile("btrl %2, %0" : "+m"(*state), "=@ccc"(live) : "i"(HEAP_LIVE_BIT) : "memory");
    return live;
}

/* Frees the block under a unit, which `block` points to, if there is one. */
HEAP_INLINE void heap_free_at(uint64_t unit, void *block, bool shared)
{
    if (__builtin_expect(!heap_end_life(unit, shared), 0)) {
        heap_refuse(block);
        return;
    }
    const uint64_t units = heap_state(unit), word = units << 32 | unit;
    if (SYNOS_DEBUG) memset(block, HEAP_POISON, units << HEAP_UNIT_SHIFT);
    if (shared)
        __atomic_fetch_add(&heap.headroom, (int64_t)units, __ATOMIC_RELAXED);
    else
        __asm__ volatile("addq %1, %0" : "+m"(heap.headroom) : "r"(units) : "memory", "cc");
    if (!heap_quick_keep(word, shared)) heap_keep_instead(word);
}

#endif
