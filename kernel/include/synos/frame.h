/* Frames: physical memory in pages of 4 KiB. The ground floor of all memory: page tables, pools and heap take
 * from here. All functions may be called on all CPUs at once. */
#ifndef SYNOS_FRAME_H
#define SYNOS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <synos/bootinfo.h>

struct frame_stats {
    size_t
        total; /* frames that are RAM and were not reserved at the start, less the allocator's own bitmaps */
    size_t free;         /* of these, not handed out now */
    size_t lowest_free;  /* the smallest `free` ever was */
    size_t largest_free; /* frames in the longest free run; found by a walk over all frames */
};

/*
 * Takes over all RAM that `map` names (type MEM_RAM), but for the `reserved` ranges and frame 0. Ranges may
 * overlap and need no alignment: a frame that is only partly RAM, or touched by a reserved range, stays out.
 * Panics when no run of RAM can hold the bitmaps (three bits a frame). Calling it again starts afresh; only
 * tests do.
 */
void frame_init(const struct mem_region *map, size_t map_count, const struct mem_region *reserved,
                size_t reserved_count);

/* The physical address of `pages` consecutive frames, contents undefined; 0 when there is no such run or
 * pages is 0. */
uint64_t frame_alloc(size_t pages);

/* Gives back exactly what one frame_alloc returned. Anything else (twice, in part, never allocated) panics.
 */
void frame_free(uint64_t phys, size_t pages);

/* Frames that are free now. */
size_t frame_available(void);

void frame_stats(struct frame_stats *stats);

/* Walks both bitmaps; NULL when every invariant holds, else the sentence that does not. */
const char *frame_check(void);

#endif
