/*
 * The heap: blocks of any size, for what is too large for the pools or finds its class full. Good-fit with
 * immediate coalescing, descriptors apart from the memory that they describe. Design and invariants:
 * docs/memory.md.
 *
 * One CPU, and not from interrupt handlers (yet). Every bad free is caught at the free, also in release
 * builds: see misuse.h.
 */
#ifndef SYNOS_HEAP_H
#define SYNOS_HEAP_H

#include <stddef.h>
#include <stdint.h>

#define HEAP_UNIT 1024ul /* bytes; blocks are whole units, aligned to one */

struct heap_stats {
    size_t committed;     /* bytes of memory behind the heap */
    size_t live, peak;    /* bytes in live blocks now, and at most */
    size_t requested;     /* bytes that their owners asked for */
    size_t live_blocks;   /* blocks handed out now */
    size_t free_blocks;   /* free runs between them; what is free at the end is not one */
    size_t largest_free;  /* bytes in the longest free stretch that is committed */
    uint64_t allocations; /* that succeeded */
    uint64_t failures;    /* that found no memory */
};

/* Starts the heap empty, on no memory at all; frames and vm must work before the first heap_alloc. */
void heap_init(void);

/* A block of at least `bytes` (its content is undefined), or NULL: bytes is 0, beyond the window, or there is
 * no memory. */
void *heap_alloc(size_t bytes);

/* The same, aligned to `alignment`: a power of two up to 4096. */
void *heap_alloc_aligned(size_t bytes, size_t alignment);

/* Gives back what heap_alloc returned. NULL is a foreign pointer here. */
void heap_free(void *block);

/* Bytes usable in the block that starts at `block`, or 0 when that is not a live block. Any pointer may be
 * asked for. */
size_t heap_usable(const void *block);

void heap_stats(struct heap_stats *stats);

/* Walks all blocks and bins; NULL when every invariant holds, else the sentence that does not. */
const char *heap_check(void);

#endif
