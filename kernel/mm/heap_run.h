/*
 * The heap's data, for mm/heap*.c only.
 *
 *     HEAP_BASE                                                     + HEAP_SIZE / 2           + HEAP_SIZE / 4
 * * 3 | page 0 | runs without gaps | top: free | not committed ...  | table: 16 bytes a unit  | frames: 4
 * bytes a page 4 units             heap.top    heap.end
 *
 * A run is a row of units. Its descriptor lies in the table under its first unit; under its last unit stands
 * where it starts, so that both neighbours of a run are one load away (boundary tags: Knuth, TAOCP 1, 2.5C).
 * `state` is 0 under every unit that starts no run, which is how a pointer into the middle of a run is told
 * from one to its start. Page 0 is no memory and in no list: 0 stands for none.
 *
 *     live    handed out
 *     kept    freed, kept whole for the next request of its length (heap_quick.h), or on its way between two
 * owners free    in a bin void    in a bin of the other kind: whole pages whose memory went elsewhere
 * (heap_grow.c)
 *
 * Whoever clears the live bit owns the run. Only the holder of the lock makes runs free or void, joins and
 * splits; nobody else reads or writes more of a descriptor than the state, and that only of what may be his.
 */
#ifndef SYNOS_MM_HEAP_RUN_H
#define SYNOS_MM_HEAP_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <synos/heap.h>
#include <synos/layout.h>
#include <synos/spinlock.h>
#include "heap_bins.h"
#include "heap_layout.h"

#define HEAP_LIVE   (1u << HEAP_LIVE_BIT)
#define HEAP_FREE   (1u << 30)
#define HEAP_VOID   (1u << 29)
#define HEAP_LENGTH (2u * HEAP_UNITS - 1)

struct heap_run {
    uint32_t state; /* under the first unit: length and kind (none of the bits above: kept); else 0 */
    uint32_t first; /* under the last unit: the first one */
    union {
        uint32_t next;  /* free, void: next in the bin, or the place in the row; see heap_bins.h */
        uint32_t bytes; /* live: what was asked for, its low 32 bits */
    };
    union {
        uint32_t previous; /* free, void: run before it in the bin, 0 for none */
        uint32_t owner;    /* live, debug profile: who asked for it, the low half of the address */
    };
};
_Static_assert(sizeof(struct heap_run) == 16, "descriptors cost 16 bytes a unit, 1.6 %");

struct heap {
    /* For heap_fast.S, which keeps no block from this unit on; 0 turns it off: CPUs share the heap, or it is
     * the debug profile. */
    uint64_t quick_units;
    int64_t headroom;          /* peak - live, in units; below zero until somebody notes the new peak */
    uint64_t slow_allocations; /* out of the arena; under the lock, as what follows */

    struct spinlock lock
        __attribute__((aligned(64))); /* of all that follows, and of runs that are free or void */
    bool shared;                      /* by several CPUs */
    uint32_t top;                     /* runs tile [0, top) */
    uint32_t end;                     /* [top, end) is committed and free */
    uint32_t reached;                 /* the highest that top ever was */
    struct heap_bins free, voids;
    size_t committed, table_bytes, frames_bytes; /* mapped of the arena, the table and the list of frames */
    size_t peak;                                 /* units */
    int64_t lowest; /* least headroom since CPUs share the heap: the peak is not noted then but for this */
    uint64_t failures, moved_pages;
};

extern struct heap heap;
_Static_assert(offsetof(struct heap, quick_units) == HEAP_QUICK_UNITS &&
                   offsetof(struct heap, headroom) == HEAP_HEADROOM &&
                   offsetof(struct heap, slow_allocations) == HEAP_NEW && HEAP_UNITS_MOST == HEAP_UNITS &&
                   offsetof(struct heap_run, bytes) == HEAP_RUN_BYTES &&
                   sizeof(struct heap_run) == 1 << HEAP_RUN_SHIFT,
               "heap_fast.S knows where things lie");

static inline struct heap_run *heap_table(void)
{
    return (struct heap_run *)HEAP_TABLE;
}

/* Frame number under each page of the arena, 0 for none. */
static inline uint32_t *heap_frames(void)
{
    return (uint32_t *)(HEAP_BASE + HEAP_SIZE / 4 * 3);
}

static inline void *heap_address(uint64_t unit)
{
    return (char *)HEAP_BASE + (unit << HEAP_UNIT_SHIFT);
}

static inline uint32_t heap_units_for(size_t bytes)
{
    return (uint32_t)((bytes + HEAP_UNIT - 1) >> HEAP_UNIT_SHIFT);
}

/* Unit number of a pointer; above all that there are when it is outside of the arena or not at a unit's
 * start. */
static inline uint64_t heap_unit_of(const void *block)
{
    const uint64_t offset = (uintptr_t)block - HEAP_BASE;

    return offset >> HEAP_UNIT_SHIFT | offset << (64 - HEAP_UNIT_SHIFT);
}

/* A neighbour's state may change while it is read, but whether it is free or void does not. */
static inline uint32_t heap_state(uint64_t unit)
{
    return __atomic_load_n(&heap_table()[unit].state, __ATOMIC_RELAXED);
}

static inline void heap_set_state(uint64_t unit, uint32_t state)
{
    __atomic_store_n(&heap_table()[unit].state, state, __ATOMIC_RELAXED);
}

static inline uint32_t heap_length(uint32_t unit)
{
    return heap_state(unit) & HEAP_LENGTH;
}

/* Bytes asked for in a live run: its last unit is never unused. */
static inline size_t heap_bytes_asked(uint32_t start, uint32_t units)
{
    const uint32_t bytes = __atomic_load_n(&heap_table()[start].bytes, __ATOMIC_RELAXED);

    return ((size_t)units << HEAP_UNIT_SHIFT) - (-bytes & (HEAP_UNIT - 1));
}

/* Makes [start, start + units) one run. */
static inline void heap_set_run(uint32_t start, uint32_t units, uint32_t kind)
{
    heap_set_state(start, units | kind);
    heap_table()[start + units - 1].first = start;
}

/* The lock. One CPU alone only needs to be left in peace by its interrupts. */
static inline uint64_t heap_lock(void)
{
    const uint64_t flags = irq_save();

    if (__builtin_expect(heap.shared, 0))
        while (!spin_try(&heap.lock)) spin_wait();
    return flags;
}

static inline void heap_unlock(uint64_t flags)
{
    if (__builtin_expect(heap.shared, 0))
        spin_unlock(&heap.lock, flags);
    else
        irq_restore(flags);
}

/* Most units that were ever live. */
static inline size_t heap_peak(void)
{
    return heap.peak + (size_t)-__atomic_load_n(&heap.lowest, __ATOMIC_RELAXED);
}

/* All of these with the lock held. */

/* Makes a kept run free: joins it with what is free on both sides. The whole goes to the top when it touches
 * it, else into a bin. */
void heap_join_run(struct heap_run *run, uint32_t units);

static inline void heap_join(uint32_t start, uint32_t units)
{
    heap_join_run(heap_table() + start, units);
}

/* A run of `units` out of a free one or from the top, kept: the caller's. 0 when no free piece is that long.
 */
uint32_t heap_take(uint32_t units);

/* The same after what other CPUs keep was joined and memory was committed; counts a failure. `flags` is what
 * heap_lock returned. */
uint32_t heap_take_more(uint32_t units, uint64_t flags);

/* Tells the misuse of a pointer that is no live block. The lock is not held. */
void heap_refuse(const void *block) __attribute__((cold));

/* Who allocated the block that starts under a unit; NULL when it is not known. */
const void *heap_owner_at(uint32_t start);

/* Bytes asked for when this block was handed out; 0 when it is no live block. */
size_t heap_asked(const void *block);

/* Tells that a live block is freed with a wrong size. */
void heap_report_size(const void *block);

#endif
