/*
 * What each CPU keeps of the runs that it freed last, whole, for its next request of the same length:
 * inference asks for the same lengths again and again. A request of another length has all of them joined
 * first and is placed as if none had been kept, so this costs no memory.
 *
 *     slot = length << 32 | first unit        0 is empty
 *
 * A slot changes by compare-and-swap only, so a run that stands in it is taken from it exactly once: by its
 * CPU, by a handler that interrupts it, and, when CPUs share the heap, by another one that needs the memory.
 * While one CPU runs, the instruction needs no lock prefix (`shared` is false): an interrupt does not split
 * it.
 */
#ifndef SYNOS_MM_HEAP_QUICK_H
#define SYNOS_MM_HEAP_QUICK_H

#include <synos/percpu.h>
#include "heap_run.h"

#define HEAP_INLINE static inline __attribute__((always_inline))

enum { HEAP_QUICK_SLOTS = 4 };

struct heap_quick {
    uint64_t slots[HEAP_QUICK_SLOTS];
    uint64_t hits;
};
_Static_assert(sizeof(struct heap_quick) <= PERCPU_BYTES - PERCPU_HEAP, "it fits into its CPU's slot");

#define HEAP_QUICK_SLOT(slot) (PERCPU_HEAP + (slot) * sizeof(uint64_t)) /* from GS base */

static inline struct heap_quick *heap_quick_of(struct percpu *cpu)
{
    return (struct heap_quick *)((char *)cpu + PERCPU_HEAP);
}

/* Whether the run in a slot of this CPU has this length. */
HEAP_INLINE bool heap_quick_has(unsigned slot, uint32_t units, bool shared)
{
    bool has;

    if (shared)
        return __atomic_load_n(&heap_quick_of(this_cpu())->slots[slot], __ATOMIC_RELAXED) >> 32 == units;
    __asm__ volatile("cmpl %1, %%gs:%c2"
                     : "=@ccz"(has)
                     : "r"(units), "i"(HEAP_QUICK_SLOT(slot) + 4)
                     : "memory");
    return has;
}

/* First unit of the run in a slot of this CPU. */
HEAP_INLINE uint64_t heap_quick_start(unsigned slot, bool shared)
{
    uint64_t start;

    if (shared) return (uint32_t)__atomic_load_n(&heap_quick_of(this_cpu())->slots[slot], __ATOMIC_RELAXED);
    __asm__ volatile("movl %%gs:%c1, %k0" : "=r"(start) : "i"(HEAP_QUICK_SLOT(slot)) : "memory");
    return start;
}

/* Replaces `word` by `by` in a slot of this CPU; false when it is not there. */
HEAP_INLINE bool heap_quick_swap(unsigned slot, uint64_t word, uint64_t by, bool shared)
{
    bool swapped;

    if (shared)
        return __atomic_compare_exchange_n(&heap_quick_of(this_cpu())->slots[slot], &word, by, false,
                                           __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    __asm__ volatile("cmpxchgq %2, %%gs:%c3"
                     : "=@ccz"(swapped), "+a"(word)
                     : "r"(by), "i"(HEAP_QUICK_SLOT(slot))
                     : "memory");
    return swapped;
}

HEAP_INLINE bool heap_quick_claim(unsigned slot, uint64_t units, uint64_t *start, bool shared)
{
    *start = heap_quick_start(slot, shared);
    return heap_quick_swap(slot, units << 32 | *start, 0, shared);
}

/* Takes a run of exactly `units` that this CPU kept. False when there is none; or when an interrupt came
 * between, which is rare. */
HEAP_INLINE bool heap_quick_take(uint64_t units, uint64_t *start, bool shared)
{
    if (heap_quick_has(0, (uint32_t)units, shared)) return heap_quick_claim(0, units, start, shared);
    if (heap_quick_has(1, (uint32_t)units, shared)) return heap_quick_claim(1, units, start, shared);
    if (heap_quick_has(2, (uint32_t)units, shared)) return heap_quick_claim(2, units, start, shared);
    if (heap_quick_has(3, (uint32_t)units, shared)) return heap_quick_claim(3, units, start, shared);
    return false;
}
_Static_assert(HEAP_QUICK_SLOTS == 4, "take and keep name each slot");

/* Keeps a run; false when all slots are full. */
HEAP_INLINE bool heap_quick_keep(uint64_t word, bool shared)
{
    return heap_quick_swap(0, 0, word, shared) || heap_quick_swap(1, 0, word, shared) ||
           heap_quick_swap(2, 0, word, shared) || heap_quick_swap(3, 0, word, shared);
}

HEAP_INLINE void heap_quick_count_hit(bool shared)
{
    if (shared)
        __atomic_fetch_add(&heap_quick_of(this_cpu())->hits, 1, __ATOMIC_RELAXED);
    else
        __asm__ volatile("incq %%gs:%c0"
                         :
                         : "i"(PERCPU_HEAP + offsetof(struct heap_quick, hits))
                         : "memory", "cc");
}

HEAP_INLINE void heap_quick_empty(uint64_t *slot)
{
    uint64_t word = __atomic_load_n(slot, __ATOMIC_RELAXED);

    if (word == 0) return;
    if (heap.shared)
        word = __atomic_exchange_n(slot, 0, __ATOMIC_ACQ_REL);
    else
        *slot = 0; /* interrupts are off */
    if (word != 0) heap_join((uint32_t)word, (uint32_t)(word >> 32));
}

/* Joins what a CPU kept; the lock is held. */
static inline void heap_quick_drain(struct heap_quick *quick)
{
    heap_quick_empty(&quick->slots[0]);
    heap_quick_empty(&quick->slots[1]);
    heap_quick_empty(&quick->slots[2]);
    heap_quick_empty(&quick->slots[3]);
}

#endif
