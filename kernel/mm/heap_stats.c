/* The heap's figures, and a walk over what is live. */
#include "heap_quick.h"

static size_t quick_hits(size_t *kept)
{
    size_t hits = 0;

    *kept = 0;
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        const struct heap_quick *quick = heap_quick_of(percpu_slot(cpu));

        hits += __atomic_load_n(&quick->hits, __ATOMIC_RELAXED);
        for (unsigned slot = 0; slot < HEAP_KEPT; slot++)
            *kept +=
                ((__atomic_load_n(&quick->slots[slot], __ATOMIC_RELAXED) >> 32) + quick->fast[slot].units)
                << HEAP_UNIT_SHIFT;
    }
    return hits;
}

/* Adds up the runs. The state of a run that is live or kept may change meanwhile. */
static void walk(struct heap_stats *stats)
{
    for (uint32_t start = HEAP_PAGE_UNITS, units; start < heap.top; start += units) {
        const uint32_t state = heap_state(start);
        const size_t bytes = (size_t)(units = state & HEAP_LENGTH) << HEAP_UNIT_SHIFT;

        if (state & HEAP_LIVE) {
            stats->live_blocks++;
            stats->live += bytes;
            stats->requested += heap_bytes_asked(start, units);
        } else if (state & HEAP_FREE) {
            stats->free_blocks++;
            if (bytes > stats->largest_free) stats->largest_free = bytes;
        }
    }
}

void heap_stats(struct heap_stats *stats)
{
    const uint64_t flags = heap_lock();
    const size_t at_top = (size_t)(heap.end - heap.top) << HEAP_UNIT_SHIFT;

    *stats = (struct heap_stats){
        .committed = heap.committed,
        .overhead = heap.table_bytes + heap.frames_bytes,
        .peak = heap_peak() << HEAP_UNIT_SHIFT,
        .largest_free = at_top,
        .failures = heap.failures,
        .moved_pages = heap.moved_pages,
    };
    stats->quick_hits = quick_hits(&stats->kept);
    stats->allocations = heap.slow_allocations + stats->quick_hits;
    walk(stats);
    heap_unlock(flags);
}

size_t heap_committed(void)
{
    return __atomic_load_n(&heap.committed, __ATOMIC_RELAXED);
}

void heap_each_live(void (*visit)(const struct heap_block *block, void *context), void *context)
{
    const uint64_t flags = heap_lock();

    for (uint32_t start = HEAP_PAGE_UNITS; start < heap.top; start += heap_length(start))
        if (heap_state(start) & HEAP_LIVE)
            visit(&(struct heap_block){heap_address(start), heap_bytes_asked(start, heap_length(start)),
                                       heap_owner_at(start)},
                  context);
    heap_unlock(flags);
}
