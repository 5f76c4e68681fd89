/*
 * Where the heap's data lie, for assembly and C: the descriptors behind the arena, and what each CPU keeps in
 * its slot.
 */
#ifndef SYNOS_MM_HEAP_LAYOUT_H
#define SYNOS_MM_HEAP_LAYOUT_H

#include <synos/layout.h>
#include <synos/percpu.h>

#define HEAP_UNIT_SHIFT 10
#define HEAP_UNITS_MOST (HEAP_SIZE / 2 >> HEAP_UNIT_SHIFT)
#define HEAP_RUN_SHIFT  4 /* bytes of a descriptor, one a unit */
#define HEAP_TABLE      (HEAP_BASE + HEAP_SIZE / 2)
#define HEAP_LIVE_BIT   31 /* of a descriptor's first word */
#define HEAP_RUN_BYTES  8  /* in a descriptor: what was asked for */

/* Offsets in `heap`, checked against struct heap. */
#define HEAP_QUICK_UNITS 0
#define HEAP_HEADROOM    8
#define HEAP_NEW         16

/* Runs that a CPU keeps, and their places in its slot; checked against struct heap_quick. */
#define HEAP_KEPT              3
#define HEAP_KEPT_LENGTH(slot) (PERCPU_HEAP + 24 * (slot))
#define HEAP_KEPT_BLOCK(slot)  (PERCPU_HEAP + 24 * (slot) + 8)
#define HEAP_KEPT_RUN(slot)    (PERCPU_HEAP + 24 * (slot) + 16)
#define HEAP_HITS              (PERCPU_HEAP + 24 * HEAP_KEPT)

#endif
