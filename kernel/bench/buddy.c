/*
 * A block of order k has 64 << k bytes and lies at a multiple of its size from the base; its buddy is the
 * other half of the block that both came from. A byte for each 64 bytes of the arena, at its start, says what
 * begins there; free blocks of an order are in one list, doubly linked, with a bit for each that is not
 * empty.
 *
 *     mark 0: inside of a block      mark k + 1: a live block of order k      with FREE: a free one
 *
 * Buddies join at once, as far up as they are both free and whole. An arena need not be a power of two: it
 * starts as the largest blocks that fit one behind the other.
 */
#include "buddy.h"

#include <stdint.h>
#include <synos/string.h>

enum { SHIFT = 6, GRANULE = 1 << SHIFT, ORDERS = 48, FREE = 0x80 };

struct block {
    struct block *next, *previous;
};

static unsigned char *marks;
static char *base;
static size_t granules; /* of the arena, behind the marks */
static uint64_t order_map;
static struct block *heads[ORDERS];

static struct block *block_at(size_t granule)
{
    return (struct block *)(base + (granule << SHIFT));
}

static size_t granule_of(const void *memory)
{
    return (size_t)((const char *)memory - base) >> SHIFT;
}

static void link(size_t granule, unsigned order)
{
    struct block *block = block_at(granule), *head = heads[order];

    marks[granule] = (unsigned char)(FREE | (order + 1));
    block->previous = NULL;
    block->next = head;
    if (head) head->previous = block;
    heads[order] = block;
    order_map |= 1ull << order;
}

static void unlink(const struct block *block, unsigned order)
{
    if (block->next) block->next->previous = block->previous;
    if (block->previous)
        block->previous->next = block->next;
    else if (!(heads[order] = block->next))
        order_map &= ~(1ull << order);
}

bool buddy_start(void *arena, size_t bytes)
{
    const size_t table = bytes / (GRANULE + 1) / GRANULE * GRANULE + GRANULE;
    const uintptr_t start = ((uintptr_t)arena + GRANULE - 1) / GRANULE * GRANULE;

    if (bytes < table + 2ul * GRANULE) return false;
    marks = (unsigned char *)start;
    base = (char *)start + table;
    granules = ((uintptr_t)arena + bytes - (uintptr_t)base) >> SHIFT;
    order_map = 0;
    memset(heads, 0, sizeof(heads));
    memset(marks, 0, granules);
    for (size_t at = 0; at < granules;) {
        const unsigned fits = 63 - (unsigned)__builtin_clzl(granules - at);
        const unsigned aligned = at == 0 ? fits : (unsigned)__builtin_ctzl(at);
        const unsigned order = aligned < fits ? aligned : fits;

        link(at, order);
        at += (size_t)1 << order;
    }
    return true;
}

static unsigned order_for(size_t bytes)
{
    return bytes <= GRANULE ? 0 : 64 - SHIFT - (unsigned)__builtin_clzl(bytes - 1);
}

void *buddy_alloc(size_t bytes)
{
    const unsigned wanted = order_for(bytes);
    const uint64_t orders = wanted < ORDERS ? order_map & (~0ull << wanted) : 0;

    if (orders == 0) return NULL;
    unsigned order = (unsigned)__builtin_ctzl(orders);
    struct block *block = heads[order];
    const size_t granule = granule_of(block);

    unlink(block, order);
    while (order > wanted) {
        order--;
        link(granule + ((size_t)1 << order), order);
    }
    marks[granule] = (unsigned char)(wanted + 1);
    return block;
}

void buddy_free(void *memory)
{
    size_t granule = granule_of(memory);
    unsigned order = marks[granule] - 1u;

    marks[granule] = 0;
    for (;; order++) {
        const size_t other = granule ^ ((size_t)1 << order);

        if (other >= granules || marks[other] != (FREE | (order + 1))) break;
        unlink(block_at(other), order);
        marks[other] = 0;
        granule &= ~((size_t)1 << order);
    }
    link(granule, order);
}

size_t buddy_usable(const void *memory)
{
    return (size_t)GRANULE << (marks[granule_of(memory)] - 1);
}

void buddy_space(struct allocator_space *out)
{
    *out = (struct allocator_space){0};
    for (unsigned order = 0; order < ORDERS; order++)
        for (const struct block *block = heads[order]; block; block = block->next) {
            out->total += (size_t)GRANULE << order;
            out->largest = (size_t)GRANULE << order;
        }
}

/* Whether the lists hold free blocks of their own order, with their bits; counts them. */
static bool lists_hold(size_t *count)
{
    for (unsigned order = 0; order < ORDERS; order++) {
        const struct block *previous = NULL;

        if ((heads[order] != NULL) != ((order_map >> order & 1) != 0)) return false;
        for (const struct block *block = heads[order]; block; block = block->next) {
            if (marks[granule_of(block)] != (FREE | (order + 1)) || block->previous != previous) return false;
            previous = block;
            ++*count;
        }
    }
    return true;
}

const char *buddy_check(void)
{
    size_t listed = 0, free_blocks = 0, at = 0;

    if (!lists_hold(&listed)) return "a list disagrees with its bit, or holds a block that is not free";
    while (at < granules) {
        const unsigned order = (marks[at] & ~(unsigned)FREE) - 1u;
        const size_t length = (size_t)1 << (order % 64), other = at ^ length;

        if (order >= ORDERS || at % length != 0 || at + length > granules)
            return "a block does not begin where it must";
        for (size_t inside = at + 1; inside < at + length; inside++)
            if (marks[inside] != 0) return "a block begins inside of another";
        if ((marks[at] & FREE) && other < granules && marks[other] == marks[at])
            return "two free buddies are not joined";
        free_blocks += (marks[at] & FREE) != 0;
        at += length;
    }
    return listed == free_blocks ? NULL : "a free block is in no list";
}
