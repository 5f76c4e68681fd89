/*
 * Arenas: all tensors of one inference pass, given back together. An allocation moves a pointer (ten
 * instructions, inline), a reset moves it back.
 *
 *     struct arena arena;
 *     arena_create(&arena, 1 << 16);                        a hint: what does not fit grows the arena
 *     for (each pass) {
 *         float *hidden = arena_alloc(&arena, bytes, TENSOR_ALIGN_64);
 *         ...
 *         arena_reset(&arena);                              everything above is given back
 *     }
 *     arena_destroy(&arena);
 *
 * Chunks come from tensor_alloc, page-aligned, each new one as large as all before it together. A reset after
 * a pass that grew puts one chunk of the size that the pass needed in their place: the next such pass does
 * not grow. One pass at a time, on one CPU. The debug profile fills what is given back with a poison and
 * looks at it when it goes out again.
 */
#ifndef SYNOS_ARENA_H
#define SYNOS_ARENA_H

#include <stddef.h>
#include <stdint.h>
#include <synos/profile.h>
#include <synos/tensor.h>

enum { ARENA_ALIGN = 64 };

struct arena_chunk;

/*
 * Position: bytes from the start of the first chunk, as if all chunks were one, each begun at a page.
 *     first->base <= next <= end = current->base + current->bytes, multiples of 64
 *     position <= peak after each slow step
 */
struct arena {
    char *next, *end;            /* the free part of the chunk in use */
    struct arena_chunk *current; /* the chunk in use */
    struct arena_chunk *first;   /* all chunks, in the order in which they were taken */
    size_t peak;                 /* highest position so far; `next` of now is not yet in it */
    uint32_t growths;            /* chunks beyond the first */
    uint32_t resets;             /* marks of before are void */
    uint32_t scopes;             /* marks that are not released */
    uint32_t state;              /* whether it lives: destroying it twice is caught */
};

struct arena_mark {
    struct arena_chunk *chunk;
    char *next;
    uint32_t resets, scope;
};

struct arena_stats {
    size_t capacity; /* bytes in all chunks */
    size_t used;     /* position now */
    size_t peak;     /* highest position since it was created */
    size_t chunks;
    uint32_t growths, resets;
};

/* A new arena that holds `capacity` bytes before it must grow; 0 means a page. ERR_NO_MEMORY leaves nothing
 * behind. */
int arena_create(struct arena *arena, size_t capacity);

/* As arena_alloc, for any flags, and where the fast path ends. */
void *arena_alloc_with(struct arena *arena, size_t bytes, unsigned flags);

/* A buffer of `bytes`, until the arena is reset, destroyed, or released to a mark of before. `flags` as for
 * tensor_alloc. NULL: bytes is 0, a flag is unknown, there is no memory, or no such arena. */
static inline void *arena_alloc(struct arena *arena, size_t bytes, unsigned flags)
{
    char *data = arena->next;

    /* Free space is a multiple of the alignment: what fits still does when it is rounded up. */
    if (SYNOS_DEBUG || flags != TENSOR_ALIGN_64 || bytes - 1 >= (size_t)(arena->end - data))
        return arena_alloc_with(arena, bytes, flags);
    arena->next = data + ((bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1));
    return data;
}

/* Gives back everything at once and keeps the memory; constant time unless the pass grew. */
void arena_reset(struct arena *arena);

/* A scope: what is allocated after arena_mark is given back by arena_release. Scopes nest; releasing an outer
 * one releases those inside. Releasing twice, or after a reset, is reported as a double free and does
 * nothing. */
struct arena_mark arena_mark(struct arena *arena);
void arena_release(struct arena *arena, struct arena_mark mark);

/* Frees all memory. A second time, and for what is no arena, the misuse handler is told (misuse.h). */
void arena_destroy(struct arena *arena);

void arena_stats(const struct arena *arena, struct arena_stats *stats);

/* Walks all chunks; NULL when every invariant holds, else the sentence that does not. */
const char *arena_check(const struct arena *arena);

#endif
