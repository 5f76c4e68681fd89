/*
 * What each CPU keeps of the runs that it freed last, whole, for its next request of the same length:
 * inference asks for the same lengths again and again. A request of another length has all of them joined
 * first and is placed as if none had been kept, so this costs no memory.
 *
 * While one CPU runs, in the release profile, they stand in `fast`, which only heap_fast.S and code with
 * interrupts off touch. Else they stand in `slots`:
 *
 *     slot = length << 32 | first unit        0 is empty
 *
 * Such a slot changes by compare-and-swap only, so a run that stands in it is taken from it exactly once: by
 * its CPU, by a handler that interrupts it, and by another CPU that needs the memory.
 */
#ifndef SYNOS_MM_HEAP_QUICK_H
#define SYNOS_MM_HEAP_QUICK_H

#include <synos/percpu.h>
#include <synos/profile.h>
#include "heap_run.h"

#define HEAP_INLINE static inline __attribute__((always_inline))

struct heap_quick {
    struct heap_fast {
        uint64_t units; /* 0: empty, and the others say nothing */
        void *block;
        struct heap_run *run;
    } fast[HEAP_KEPT];
    uint64_t hits;
    uint64_t slots[HEAP_KEPT];
};
_Static_assert(sizeof(struct heap_quick) <= PERCPU_BYTES - PERCPU_HEAP, "it fits into its CPU's slot");
_Static_assert(HEAP_KEPT_LENGTH(1) == PERCPU_HEAP + sizeof(struct heap_fast) &&
                   HEAP_KEPT_BLOCK(0) == PERCPU_HEAP + offsetof(struct heap_quick, fast[0].block) &&
                   HEAP_KEPT_RUN(0) == PERCPU_HEAP + offsetof(struct heap_quick, fast[0].run) &&
                   HEAP_HITS == PERCPU_HEAP + offsetof(struct heap_quick, hits),
               "heap_fast.S knows where things lie");

static inline struct heap_quick *heap_quick_of(struct percpu *cpu)
{
    return (struct heap_quick *)((char *)cpu + PERCPU_HEAP);
}

/* Whether heap_fast.S serves allocations and frees. */
HEAP_INLINE bool heap_is_quick(void)
{
    return !SYNOS_DEBUG && __builtin_expect(!heap.shared, 1);
}

static inline uint32_t heap_unit_of_run(const struct heap_run *run)
{
    return (uint32_t)(run - heap_table());
}

/* Takes a run of exactly `units` that this CPU kept in its slots. False when there is none; or when an
 * interrupt came between, which is rare. */
static inline bool heap_quick_take(uint64_t units, uint64_t *start)
{
    uint64_t *slots = heap_quick_of(this_cpu())->slots;

    for (unsigned slot = 0; slot < HEAP_KEPT; slot++) {
        uint64_t word = __atomic_load_n(&slots[slot], __ATOMIC_RELAXED);

        if (word >> 32 != units) continue;
        *start = (uint32_t)word;
        return __atomic_compare_exchange_n(&slots[slot], &word, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    }
    return false;
}

/* Keeps a run; false when all slots are full. */
static inline bool heap_quick_keep(uint64_t word)
{
    uint64_t *slots = heap_quick_of(this_cpu())->slots;

    for (unsigned slot = 0; slot < HEAP_KEPT; slot++) {
        uint64_t none = 0;

        if (__atomic_compare_exchange_n(&slots[slot], &none, word, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            return true;
    }
    return false;
}

/* Joins what a CPU kept in its slots; the lock is held. */
static inline void heap_quick_drain(struct heap_quick *quick)
{
    for (unsigned slot = 0; slot < HEAP_KEPT; slot++) {
        if (__atomic_load_n(&quick->slots[slot], __ATOMIC_RELAXED) == 0) continue;
        const uint64_t word = __atomic_exchange_n(&quick->slots[slot], 0, __ATOMIC_ACQ_REL);

        if (word != 0) heap_join((uint32_t)word, (uint32_t)(word >> 32));
    }
}

/* The same for what this CPU kept, wherever it stands. */
static inline void heap_drain(void)
{
    struct heap_quick *quick = heap_quick_of(this_cpu());

    if (!heap_is_quick()) {
        heap_quick_drain(quick);
        return;
    }
    for (struct heap_fast *fast = quick->fast; fast != quick->fast + HEAP_KEPT; fast++) {
        const uint32_t units = (uint32_t)fast->units;

        fast->units = 0;
        if (units != 0) heap_join_run(fast->run, units);
    }
}

#endif
