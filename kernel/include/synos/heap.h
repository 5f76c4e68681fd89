/*
 * The heap: blocks of any size, for what is too large for the pools or finds its class full. Descriptors lie
 * apart from the memory that they describe. Design and invariants: docs/memory.md.
 *
 * Any CPU may call, interrupt handlers too, but for heap_trim. Every bad free is caught at the free, also in
 * release builds: see misuse.h.
 */
#ifndef SYNOS_HEAP_H
#define SYNOS_HEAP_H

#include <stddef.h>
#include <stdint.h>

#define HEAP_UNIT          1024ul      /* bytes; blocks are whole units, aligned to one */
#define HEAP_ALIGNMENT_MAX (2ul << 20) /* bytes */

struct heap_stats {
    size_t committed;     /* bytes of memory behind the arena */
    size_t overhead;      /* bytes of memory behind its descriptors */
    size_t live, peak;    /* bytes in live blocks now, and at most */
    size_t requested;     /* bytes that their owners asked for */
    size_t kept;          /* bytes that CPUs keep for their next requests */
    size_t live_blocks;   /* blocks handed out now */
    size_t free_blocks;   /* free runs between them; what is free at the end is not one */
    size_t largest_free;  /* bytes in the longest free stretch that is committed */
    uint64_t allocations; /* that succeeded */
    uint64_t quick_hits;  /* of these, served by what the CPU kept */
    uint64_t failures;    /* that found no memory */
    uint64_t moved_pages; /* whose memory went from between live blocks to where it was of use */
};

/* Starts the heap empty, on a page for descriptors; frames, vm and this_cpu() must work. */
void heap_init(void);

/* Called once, when other CPUs run and before one of them uses the heap: from now on each operation is atomic
 * for all of them. */
void heap_share(void);

/* A block of at least `bytes` (its content is undefined), or NULL: bytes is 0, beyond the window, or there is
 * no memory. */
void *heap_alloc(size_t bytes);

/* The same at a multiple of `alignment`, a power of two; NULL also when it is none or above
 * HEAP_ALIGNMENT_MAX. */
void *heap_alloc_aligned(size_t bytes, size_t alignment);

/* Gives back what heap_alloc returned. NULL is a foreign pointer here. */
void heap_free(void *block);

/* Bytes usable in the block that starts at `block`, or 0 when that is not a live block. Any pointer may be
 * asked for. */
size_t heap_usable(const void *block);

/* Gives the memory of all whole free pages back to the frame allocator; returns how many bytes. Not for
 * interrupt handlers. */
size_t heap_trim(void);

/* Bytes of memory behind the arena. */
size_t heap_committed(void);

/* Exact while no other CPU allocates or frees; the peak always. */
void heap_stats(struct heap_stats *stats);

/* A live block, its size as asked for, and in the debug profile who asked: else NULL. */
struct heap_block {
    void *memory;
    size_t bytes;
    const void *owner;
};

/* Calls visit() for each live block in the order of addresses. It must not allocate or free. */
void heap_each_live(void (*visit)(const struct heap_block *block, void *context), void *context);

/* Debug profile: notes who a live block is for, where heap_alloc was called by somebody in between. */
void heap_set_owner(const void *block, const void *owner);

/* Walks all runs, bins and what CPUs keep, while no other CPU allocates or frees; NULL when every invariant
 * holds, else the sentence that does not. */
const char *heap_check(void);

#endif
