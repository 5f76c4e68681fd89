/*
 * First-fit with boundary tags and a doubly linked free list in the order of addresses: the policy that
 * Wilson et al. ("Dynamic storage allocation: a survey and critical review", 1995) found to fragment least
 * among the simple ones. It is a fair opponent: the list holds free blocks only, neighbours join in constant
 * time, and a block that is split keeps its place in the list without a search.
 *
 *     block: | size + used bit | size of the block before | payload, 64 B aligned ... |        free: next and
 * previous in the payload
 */
#include <synos/rng.h>
#include <stdint.h>
#include "firstfit.h"

enum { ALIGN = 64, HEADER = 16, USED = 1 };

struct block {
    size_t size;   /* bytes of the whole block, a multiple of 64; bit 0: in use */
    size_t before; /* size of the block before it, 0 for the first */
    struct block *next, *previous;
};

static struct block *first, *free_list;
static struct block *end; /* a used block of no size behind the last one */

static struct block *after(const struct block *block)
{
    return (struct block *)((char *)block + (block->size & ~(size_t)USED));
}

static struct block *before(const struct block *block)
{
    return (struct block *)((char *)block - block->before);
}

/* Puts `block` into the list between two neighbours; either may be NULL. */
static void link_between(struct block *block, struct block *previous, struct block *next)
{
    block->previous = previous;
    block->next = next;
    if (previous)
        previous->next = block;
    else
        free_list = block;
    if (next) next->previous = block;
}

static void unlink(const struct block *block)
{
    if (block->previous)
        block->previous->next = block->next;
    else
        free_list = block->next;
    if (block->next) block->next->previous = block->previous;
}

static void set_size(struct block *block, size_t size)
{
    block->size = size;
    after(block)->before = size;
}

bool firstfit_start(void *arena, size_t bytes)
{
    const uintptr_t base = ((uintptr_t)arena + HEADER + ALIGN - 1) / ALIGN * ALIGN - HEADER;

    if (bytes < 4ul * ALIGN) return false;
    const size_t size = ((uintptr_t)arena + bytes - base - HEADER) / ALIGN * ALIGN;

    first = (struct block *)base;
    end = (struct block *)(base + size);
    *first = (struct block){0};
    free_list = NULL;
    set_size(first, size);
    end->size = USED;
    link_between(first, NULL, NULL);
    return true;
}

void *firstfit_alloc(size_t bytes)
{
    const size_t wanted = (bytes + HEADER + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct block *block = free_list;

    while (block && block->size < wanted) block = block->next;
    if (!block) return NULL;
    const size_t rest = block->size - wanted;
    if (rest > 0) {
        struct block *tail = (struct block *)((char *)block + wanted);

        link_between(tail, block->previous, block->next);
        set_size(tail, rest);
        tail->before = wanted;
    } else {
        unlink(block);
    }
    block->size = wanted | USED;
    return (char *)block + HEADER;
}

/* Finds the place of a block that has no free neighbour to take it from. */
static void link_by_search(struct block *block)
{
    struct block *previous = NULL, *next = free_list;

    while (next && next < block) {
        previous = next;
        next = next->next;
    }
    link_between(block, previous, next);
}

void firstfit_free(void *payload)
{
    struct block *block = (struct block *)((char *)payload - HEADER);
    struct block *next, *previous;
    size_t size = block->size & ~(size_t)USED;

    block->size = size;
    next = after(block);
    previous = before(block);
    const bool joins_next = !(next->size & USED);
    if (joins_next) size += next->size;
    if (block->before != 0 && !(previous->size & USED)) {
        if (joins_next) unlink(next);
        set_size(previous, previous->size + size);
        return;
    }
    if (joins_next)
        link_between(block, next->previous, next->next);
    else
        link_by_search(block);
    set_size(block, size);
}

size_t firstfit_usable(const void *payload)
{
    const struct block *block = (const struct block *)((const char *)payload - HEADER);

    return (block->size & ~(size_t)USED) - HEADER;
}

/* Frees from the top down: each goes to the head of the list, which is the one cheap way to make many holes.
 */
void firstfit_start_with_holes(void *arena, size_t bytes, unsigned holes)
{
    void *last = NULL;
    struct rng rng;

    rng_seed(&rng, 1);
    firstfit_start(arena, bytes);
    for (unsigned i = 0; i < holes; i++) {
        void **hole = firstfit_alloc(1 + rng_below(&rng, 2000));

        *hole = last;
        last = hole;
        firstfit_alloc(1); /* a wall, live for ever */
    }
    while (last) {
        void *hole = last;

        last = *(void **)hole;
        firstfit_free(hole);
    }
}

void firstfit_space(struct allocator_space *out)
{
    *out = (struct allocator_space){0};
    for (const struct block *block = free_list; block; block = block->next) {
        out->total += block->size;
        if (block->size > out->largest) out->largest = block->size;
    }
}

size_t firstfit_free_blocks(void)
{
    size_t count = 0;

    for (const struct block *block = free_list; block; block = block->next) count++;
    return count;
}

const char *firstfit_check(void)
{
    const struct block *next_free = free_list;
    bool before_is_free = false;

    for (const struct block *block = first; block < end; block = after(block)) {
        const bool is_free = !(block->size & USED);

        if (block->size < ALIGN || after(block)->before != (block->size & ~(size_t)USED))
            return "the boundary tags disagree";
        if (is_free && (before_is_free || block != next_free))
            return "a free block is not joined or not in its place in the list";
        if (is_free) next_free = block->next;
        before_is_free = is_free;
    }
    return next_free ? "the list is longer than there are free blocks" : NULL;
}
