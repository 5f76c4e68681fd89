/*
 * A free block lies in the list of its size range: rows by powers of two, 32 columns a row, one bit for each
 * list that is not empty. A request is rounded up to the next range, so that whatever its list holds will do
 * (good fit): two looks at a bitmap find a block in constant time. Neighbours join at once.
 *
 *     block: | block before it | size + used bit | payload, 64 B aligned ... |     free: next and previous
 *
 * As the authors' own, it keeps a header of 16 bytes; blocks are multiples of 64 bytes here, because all that
 * are compared align to that. The heads and bitmaps lie outside of the arena, as first-fit's root does.
 */
#include "tlsf.h"

#include <stdint.h>
#include <synos/string.h>

enum { ALIGN = 64, HEADER = 16, USED = 1 };
enum {
    COLUMN_BITS = 5,
    COLUMNS = 1 << COLUMN_BITS,
    FIRST_ROW_BITS = 6 + COLUMN_BITS, /* row 0 has the sizes below 2 KiB, 64 bytes apart */
    ROWS = 30,
};
#define LARGEST ((size_t)1 << (FIRST_ROW_BITS + ROWS - 3)) /* requests beyond it are refused */

struct block {
    struct block *before; /* NULL for the first */
    size_t size;          /* bytes of the whole block, a multiple of 64; bit 0: in use */
    struct block *next, *previous;
};

struct place {
    unsigned row, column;
};

static uint32_t row_map, column_maps[ROWS];
static struct block *heads[ROWS][COLUMNS];
static struct block *first, *end; /* `end`: a used block of no size behind the last one */

static size_t size_of(const struct block *block)
{
    return block->size & ~(size_t)USED;
}

static bool is_used(const struct block *block)
{
    return block->size & USED;
}

static struct block *after(const struct block *block)
{
    return (struct block *)((char *)block + size_of(block));
}

/* The list that holds blocks of this size. */
static struct place place_of(size_t size)
{
    if (size >> FIRST_ROW_BITS == 0) return (struct place){0, (unsigned)(size / ALIGN)};
    const unsigned top = 63 - (unsigned)__builtin_clzl(size);

    return (struct place){top - FIRST_ROW_BITS + 1, (unsigned)(size >> (top - COLUMN_BITS)) % COLUMNS};
}

/* The first list of which every block holds `size` bytes. */
static struct place place_for(size_t size)
{
    if (size >> FIRST_ROW_BITS != 0) size += ((size_t)1 << (63 - __builtin_clzl(size) - COLUMN_BITS)) - 1;
    return place_of(size);
}

static void link(struct block *block)
{
    const struct place place = place_of(size_of(block));
    struct block **head = &heads[place.row][place.column];

    block->previous = NULL;
    block->next = *head;
    if (*head) (*head)->previous = block;
    *head = block;
    row_map |= 1u << place.row;
    column_maps[place.row] |= 1u << place.column;
}

static void unlink(const struct block *block)
{
    if (block->next) block->next->previous = block->previous;
    if (block->previous) {
        block->previous->next = block->next;
        return;
    }
    const struct place place = place_of(size_of(block));

    heads[place.row][place.column] = block->next;
    if (block->next) return;
    column_maps[place.row] &= ~(1u << place.column);
    if (column_maps[place.row] == 0) row_map &= ~(1u << place.row);
}

bool tlsf_start(void *arena, size_t bytes)
{
    const uintptr_t base = ((uintptr_t)arena + HEADER + ALIGN - 1) / ALIGN * ALIGN - HEADER;

    if (bytes < 4ul * ALIGN || bytes > LARGEST) return false;
    const size_t size = ((uintptr_t)arena + bytes - base - HEADER) / ALIGN * ALIGN;

    row_map = 0;
    memset(column_maps, 0, sizeof(column_maps));
    memset(heads, 0, sizeof(heads));
    first = (struct block *)base;
    end = (struct block *)(base + size);
    first->before = NULL;
    first->size = size;
    end->before = first;
    end->size = USED;
    link(first);
    return true;
}

/* The head of the first list at `place` or behind it that is not empty. */
static struct block *find(struct place place)
{
    uint32_t columns = column_maps[place.row] & (~0u << place.column);

    if (columns == 0) {
        const uint32_t rows = row_map & (~0u << place.row << 1);

        if (rows == 0) return NULL;
        place.row = (unsigned)__builtin_ctz(rows);
        columns = column_maps[place.row];
    }
    return heads[place.row][__builtin_ctz(columns)];
}

void *tlsf_alloc(size_t bytes)
{
    const size_t wanted = (bytes + HEADER + ALIGN - 1) & ~(size_t)(ALIGN - 1);

    if (bytes > LARGEST) return NULL;
    struct block *block = find(place_for(wanted));
    if (!block) return NULL;
    unlink(block);
    const size_t rest = block->size - wanted;
    if (rest > 0) {
        struct block *tail = (struct block *)((char *)block + wanted);

        tail->before = block;
        tail->size = rest;
        after(tail)->before = tail;
        link(tail);
    }
    block->size = wanted | USED;
    return (char *)block + HEADER;
}

void tlsf_free(void *memory)
{
    struct block *block = (struct block *)((char *)memory - HEADER);
    struct block *next = after(block);
    size_t size = size_of(block);

    if (!is_used(next)) {
        unlink(next);
        size += next->size;
    }
    if (block->before && !is_used(block->before)) {
        block = block->before;
        unlink(block);
        size += block->size;
    }
    block->size = size;
    after(block)->before = block;
    link(block);
}

size_t tlsf_usable(const void *memory)
{
    return size_of((const struct block *)((const char *)memory - HEADER)) - HEADER;
}

void tlsf_space(struct allocator_space *out)
{
    *out = (struct allocator_space){0};
    for (const struct block *block = first; block < end; block = after(block)) {
        if (is_used(block)) continue;
        out->total += block->size;
        if (block->size > out->largest) out->largest = block->size;
    }
}

/* Whether every list is where its bit says, and holds free blocks of its own range; counts them. */
static bool lists_hold(size_t *count)
{
    for (unsigned row = 0; row < ROWS; row++)
        for (unsigned column = 0; column < COLUMNS; column++) {
            const struct block *previous = NULL;

            if ((heads[row][column] != NULL) != ((column_maps[row] >> column & 1) != 0)) return false;
            for (const struct block *block = heads[row][column]; block; block = block->next) {
                const struct place place = place_of(block->size);

                if (is_used(block) || block->previous != previous || place.row != row ||
                    place.column != column)
                    return false;
                previous = block;
                ++*count;
            }
        }
    return true;
}

const char *tlsf_check(void)
{
    const struct block *before = NULL;
    size_t listed = 0, free_blocks = 0;

    if (!lists_hold(&listed)) return "a list disagrees with its bit, or holds a block of another range";
    for (unsigned row = 0; row < ROWS; row++)
        if ((column_maps[row] != 0) != ((row_map >> row & 1) != 0)) return "a row disagrees with its bit";
    for (const struct block *block = first; block < end; before = block, block = after(block)) {
        if (size_of(block) < ALIGN || block->before != before) return "the chain of blocks is broken";
        if (!is_used(block) && before && !is_used(before)) return "two free blocks touch";
        free_blocks += !is_used(block);
    }
    return end->before == before && listed == free_blocks ? NULL : "a free block is in no list";
}
