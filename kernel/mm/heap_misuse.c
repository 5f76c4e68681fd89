/* Pointers that are no live block of the heap: which kind they are, and who owns those that are. */
#include <synos/misuse.h>
#include <synos/profile.h>
#include "heap_quick.h"

/* First unit of the run that a unit below the top belongs to. */
static uint32_t run_around(uint32_t unit)
{
    while (heap_state(unit) == 0) unit--;
    return unit;
}

/* Free memory forgets where the blocks were that it was joined from: any unit of it counts as one. */
static enum misuse diagnose_free(uint32_t unit)
{
    const bool has_memory = unit < heap.end && heap_frames()[unit / HEAP_PAGE_UNITS] != 0;

    return has_memory ? MISUSE_DOUBLE_FREE : MISUSE_RETURNED_FREE;
}

/* With the lock held. `run` is the run around it, 0 for none. */
static enum misuse diagnose(const void *block, uint32_t *run)
{
    const uint64_t offset = (uintptr_t)block - HEAP_BASE, unit = offset >> HEAP_UNIT_SHIFT;

    *run = 0;
    if (unit >= HEAP_UNITS) return MISUSE_FOREIGN_FREE;
    if (unit >= heap.reached || unit < HEAP_PAGE_UNITS) return MISUSE_UNALLOCATED_FREE;
    if (unit < heap.top) *run = run_around((uint32_t)unit);
    if (offset % HEAP_UNIT != 0 || (*run != 0 && heap_state(*run) & HEAP_LIVE)) return MISUSE_INTERIOR_FREE;
    return diagnose_free((uint32_t)unit);
}

void heap_refuse(const void *block)
{
    const uint64_t flags = heap_lock();
    uint32_t run;
    const enum misuse kind = diagnose(block, &run);
    const bool is_block = run != 0 && !(heap_state(run) & (HEAP_FREE | HEAP_VOID)); /* live, or kept since */
    const size_t bytes = is_block ? (size_t)heap_length(run) << HEAP_UNIT_SHIFT : 0;
    const void *owner = is_block ? heap_owner_at(run) : NULL;

    heap_unlock(flags);
    misuse_report_object(kind, block, bytes, owner);
}

/* First unit of the live block that starts at `block`, or 0. */
static uint32_t live_run(const void *block)
{
    const uint64_t unit = heap_unit_of(block);

    if (unit >= __atomic_load_n(&heap.reached, __ATOMIC_RELAXED)) return 0;
    return heap_state(unit) & HEAP_LIVE ? (uint32_t)unit : 0;
}

size_t heap_usable(const void *block)
{
    const uint32_t start = live_run(block);

    return start == 0 ? 0 : (size_t)heap_length(start) << HEAP_UNIT_SHIFT;
}

size_t heap_asked(const void *block)
{
    const uint32_t start = live_run(block);

    return start == 0 ? 0 : heap_bytes_asked(start, heap_length(start));
}

void heap_report_size(const void *block)
{
    misuse_report_object(MISUSE_WRONG_SIZE_FREE, block, heap_usable(block), heap_owner_at(live_run(block)));
}

/* Code lies in the last 2 GiB of addresses: half of one is enough. */
const void *heap_owner_at(uint32_t start)
{
    return SYNOS_DEBUG ? (const void *)(intptr_t)(int32_t)heap_table()[start].owner : NULL;
}

void heap_set_owner(const void *block, const void *owner)
{
    const uint32_t start = live_run(block);

    if (start != 0)
        __atomic_store_n(&heap_table()[start].owner, (uint32_t)(uintptr_t)owner, __ATOMIC_RELAXED);
}
