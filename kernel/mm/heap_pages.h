/* Pages of the heap, with the lock held. */
#ifndef SYNOS_MM_HEAP_PAGES_H
#define SYNOS_MM_HEAP_PAGES_H

#include "heap_run.h"

static inline uint32_t heap_page_up(uint32_t units)
{
    return (units + HEAP_PAGE_UNITS - 1) / HEAP_PAGE_UNITS * HEAP_PAGE_UNITS;
}

static inline uint32_t heap_page_down(uint32_t units)
{
    return units / HEAP_PAGE_UNITS * HEAP_PAGE_UNITS;
}

/* Puts memory behind `units` units from `start`, whole pages: behind all or none. */
bool heap_commit(uint32_t start, uint32_t units);

/* Takes it away again. */
void heap_uncommit(uint32_t start, uint32_t units);

/* Makes the descriptors of an arena up to `end`; false when there is no memory for them. */
bool heap_describe(uint32_t end);

/* Pages that these still lack. */
size_t heap_undescribed(uint32_t end);

#endif
