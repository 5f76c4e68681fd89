/*
 * Where the pools' data lie, for assembly and C: the tables behind the window, and each CPU's caches in its
 * slot.
 *
 * The window is cut into granules of 64 B, and each granule has a state byte:
 *
 *     0             no object starts here: interior of an object, or memory that was never there
 *     POOL_FREE     a free object starts here
 *     POOL_GONE     an object started here; its memory was given back
 *     5 .. 12       a live object starts here; the number minus 5 is its class: the index of the highest bit
 * of (size - 1)
 *
 * So one load tells a good free from every bad one, and gives the class besides. Rotating the offset right by
 * six moves a misaligned pointer's low bits to the top: one comparison refuses what is outside of the window
 * and what is off a granule.
 */
#ifndef SYNOS_MM_POOL_LAYOUT_H
#define SYNOS_MM_POOL_LAYOUT_H

#include <synos/layout.h>
#include <synos/percpu.h>

#define POOL_GRANULE_SHIFT 6
#define POOL_GRANULES      (POOL_CLASSES << (POOL_CLASS_SHIFT - POOL_GRANULE_SHIFT))
#define POOL_STATES        (POOL_BASE + (POOL_CLASSES << POOL_CLASS_SHIFT)) /* a byte a granule */
#define POOL_OWNERS                                                                                          \
    (POOL_STATES + POOL_GRANULES) /* debug profile: low half of the address that called, a granule */

#define POOL_FREE  1
#define POOL_GONE  2
#define POOL_FIRST 5  /* state of a live object of class 0 */
#define POOL_LAST  12 /* and of the last class */

/*
 * A CPU's cache of a class is a stack of the low halves of pointers (the high half is the same for the whole
 * window), not a list through the objects: a write after free cannot damage it, and neither alloc nor free
 * touches the object. Its top, the address of the next free entry, is the difference of two words, one that
 * only frees move and one that only allocs move: as one word it would be the longest chain of a CPU's work,
 * each alloc waiting for the store of the free before it and the other way round.
 *
 * The stack fills its block of 256 B up to the end, so that `full` is an address on a block's edge. Below the
 * lowest entry lies one for a granule that is never free, so that one question finds both the empty stack and
 * an object that is not what it should be.
 */
#define POOL_STACK_BYTES 256
#define POOL_CACHE       63 /* entries at most; fewer when many CPUs share a class's 1024 objects */
#define POOL_NOTHING     (POOL_BASE + (1024 << POOL_GRANULE_SHIFT)) /* behind the last object of class 0 */

/* Offsets in a CPU's slot; checked against struct pool_cpu. Indexed by state: eight bytes each. */
#define POOL_FREED  PERCPU_POOL          /* of 64 states: four for each free, and the stack's first address */
#define POOL_TAKEN  (PERCPU_POOL + 512)  /* of 64 states: four for each alloc */
#define POOL_LOWEST (PERCPU_POOL + 1024) /* smallest top that an alloc found since the last exchange */
#define POOL_STACKS (PERCPU_POOL + 2048)

#endif
