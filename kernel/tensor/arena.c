/* Arenas: chunks behind one bump pointer. Positions bound what one chunk in place of all would need. */
#include <stdbool.h>
#include <synos/arena.h>
#include <synos/errors.h>
#include <synos/layout.h>
#include <synos/misuse.h>
#include <synos/string.h>

enum {
    ARENA_LIVE = 0x616c6976,
    ARENA_DEAD = 0x64656164,
    ARENA_POISON = 0xda,
};

/* Apart from the memory that it describes: what a pass writes beyond its end cannot reach it. */
struct arena_chunk {
    struct arena_chunk *next;
    char *base;    /* page-aligned */
    size_t bytes;  /* a multiple of ARENA_ALIGN */
    size_t before; /* position of the base, a multiple of the page size; valid once the pass got here */
};

static size_t round_up(size_t value, size_t alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

static size_t position(const struct arena *arena)
{
    return arena->current->before + (size_t)(arena->next - arena->current->base);
}

static void note_peak(struct arena *arena)
{
    if (position(arena) > arena->peak) arena->peak = position(arena);
}

static void poison(char *from, size_t bytes)
{
    if (SYNOS_DEBUG) memset(from, ARENA_POISON, bytes);
}

static bool is_poisoned(const char *from, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)from[i] != ARENA_POISON) return false;
    return true;
}

static struct arena_chunk *create_chunk(size_t bytes)
{
    struct arena_chunk *chunk = kmalloc(sizeof(*chunk));

    if (!chunk) return NULL;
    chunk->base = tensor_alloc(bytes, TENSOR_ALIGN_PAGE);
    if (!chunk->base) {
        kfree(chunk);
        return NULL;
    }
    chunk->next = NULL;
    chunk->bytes = tensor_usable(chunk->base) & ~(size_t)(ARENA_ALIGN - 1);
    poison(chunk->base, chunk->bytes);
    return chunk;
}

static void free_chunks(struct arena_chunk *chunk)
{
    while (chunk) {
        struct arena_chunk *next = chunk->next;

        tensor_free(chunk->base);
        kfree(chunk);
        chunk = next;
    }
}

/* Goes on in `chunk`, which stands behind everything that is used, at the next whole page. */
static void enter(struct arena *arena, struct arena_chunk *chunk, size_t before)
{
    chunk->before = round_up(before, PAGE_SIZE);
    arena->current = chunk;
    arena->next = chunk->base;
    arena->end = chunk->base + chunk->bytes;
}

int arena_create(struct arena *arena, size_t capacity)
{
    *arena = (struct arena){.first = create_chunk(capacity ?: PAGE_SIZE), .state = ARENA_DEAD};
    if (!arena->first) return ERR_NO_MEMORY;
    arena->state = ARENA_LIVE;
    enter(arena, arena->first, 0);
    return 0;
}

/* Adds a chunk of at least `bytes` behind the last, as large as all others together when there is memory for
 * that: few growths, whatever the pass needs. */
static struct arena_chunk *grow(struct arena *arena, size_t bytes)
{
    struct arena_chunk *last = arena->first;
    size_t capacity = last->bytes;

    for (; last->next; last = last->next) capacity += last->next->bytes;
    last->next = create_chunk(capacity > bytes ? capacity : bytes);
    if (!last->next && capacity > bytes) last->next = create_chunk(bytes);
    if (last->next) arena->growths++;
    return last->next;
}

/* Enters the next chunk that holds `bytes`; one that is too small is left out in this pass. */
static bool advance(struct arena *arena, size_t bytes)
{
    struct arena_chunk *chunk = arena->current->next;

    while (chunk && chunk->bytes < bytes) chunk = chunk->next;
    if (!chunk) chunk = grow(arena, bytes);
    if (!chunk) return false;
    note_peak(arena);
    enter(arena, chunk, position(arena));
    return true;
}

/* Takes `bytes`, a multiple of ARENA_ALIGN, from the current chunk; NULL when it has no room. */
static char *take(struct arena *arena, size_t bytes, size_t alignment)
{
    char *data = (char *)round_up((uintptr_t)arena->next, alignment);

    if (data > arena->end || bytes > (size_t)(arena->end - data)) return NULL;
    if (SYNOS_DEBUG && !is_poisoned(data, bytes)) misuse_report(MISUSE_WRITE_AFTER_FREE, data);
    arena->next = data + bytes;
    return data;
}

void *arena_alloc_with(struct arena *arena, size_t bytes, unsigned flags)
{
    const size_t rounded = round_up(bytes, ARENA_ALIGN);
    const size_t alignment = flags & TENSOR_ALIGN_PAGE ? PAGE_SIZE : ARENA_ALIGN;

    if (arena->state != ARENA_LIVE || flags & ~(unsigned)(TENSOR_ALIGN_PAGE | TENSOR_ZERO)) return NULL;
    if (rounded < bytes || bytes == 0) return NULL;
    char *data = take(arena, rounded, alignment);
    if (!data && advance(arena, rounded)) data = take(arena, rounded, alignment);
    return data && (flags & TENSOR_ZERO) ? memset(data, 0, bytes) : data;
}

/* Puts one chunk that a pass like the last fits into in the place of several. Without memory for it the
 * chunks stay: they hold such a pass, too. */
static void merge(struct arena *arena)
{
    struct arena_chunk *merged = arena->first;

    if (merged->bytes < arena->peak) merged = create_chunk(arena->peak);
    if (!merged) return;
    free_chunks(merged == arena->first ? merged->next : arena->first);
    merged->next = NULL;
    arena->first = merged;
}

/* Gives back what lies behind a point of `chunk`: the rest of it, and the chunks after it up to the current.
 */
static void poison_from(const struct arena *arena, const struct arena_chunk *chunk, char *from)
{
    if (!SYNOS_DEBUG) return;
    for (; chunk != arena->current; chunk = chunk->next, from = chunk->base)
        poison(from, (size_t)(chunk->base + chunk->bytes - from));
    poison(from, (size_t)(arena->next - from));
}

void arena_reset(struct arena *arena)
{
    if (arena->state != ARENA_LIVE) return;
    note_peak(arena);
    poison_from(arena, arena->first, arena->first->base);
    arena->resets++;
    arena->scopes = 0;
    if (arena->first->next) merge(arena);
    enter(arena, arena->first, 0);
}

struct arena_mark arena_mark(struct arena *arena)
{
    return (struct arena_mark){arena->current, arena->next, arena->resets, ++arena->scopes};
}

void arena_release(struct arena *arena, struct arena_mark mark)
{
    if (arena->state != ARENA_LIVE || mark.resets != arena->resets || mark.scope > arena->scopes) {
        misuse_report(MISUSE_DOUBLE_FREE, mark.next);
        return;
    }
    note_peak(arena);
    poison_from(arena, mark.chunk, mark.next);
    arena->scopes = mark.scope - 1;
    arena->current = mark.chunk;
    arena->next = mark.next;
    arena->end = mark.chunk->base + mark.chunk->bytes;
}

void arena_destroy(struct arena *arena)
{
    if (arena->state != ARENA_LIVE) {
        misuse_report(arena->state == ARENA_DEAD ? MISUSE_DOUBLE_FREE : MISUSE_FOREIGN_FREE, arena);
        return;
    }
    free_chunks(arena->first);
    *arena = (struct arena){.state = ARENA_DEAD};
}

void arena_stats(const struct arena *arena, struct arena_stats *stats)
{
    *stats = (struct arena_stats){
        .peak = arena->peak,
        .growths = arena->growths,
        .resets = arena->resets,
    };
    if (arena->state != ARENA_LIVE) return;
    stats->used = position(arena);
    if (stats->used > stats->peak) stats->peak = stats->used;
    for (const struct arena_chunk *chunk = arena->first; chunk; chunk = chunk->next) {
        stats->capacity += chunk->bytes;
        stats->chunks++;
    }
}

const char *arena_check(const struct arena *arena)
{
    const struct arena_chunk *current = NULL;

    for (const struct arena_chunk *chunk = arena->first; chunk; chunk = chunk->next) {
        if ((uintptr_t)chunk->base % PAGE_SIZE != 0 || chunk->bytes % ARENA_ALIGN != 0)
            return "a chunk is not aligned";
        if (tensor_usable(chunk->base) < chunk->bytes) return "a chunk is longer than its memory";
        if (chunk == arena->current) current = chunk;
    }
    if (arena->state != ARENA_LIVE) return arena->first ? "a dead arena has chunks" : NULL;
    if (!current) return "the chunk in use is none of the chunks";
    if (arena->next < current->base || arena->next > arena->end || (uintptr_t)arena->next % ARENA_ALIGN != 0)
        return "the bump pointer is outside of its chunk or not aligned";
    if (arena->end != current->base + current->bytes) return "the end is not that of the chunk in use";
    if (current->before % PAGE_SIZE != 0) return "the chunk in use does not begin at a page";
    return arena->first->before == 0 ? NULL : "the first chunk does not begin at 0";
}
