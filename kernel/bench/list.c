/*
 * A block of class c has 64 << c bytes. New ones are cut off the untouched rest of the arena, `top` upwards;
 * a byte for each 64 bytes of the arena, at its start, keeps the class, because free() is not told the size.
 *
 *     blocks tile [base, top)        a list holds blocks of its class only, none twice
 */
#include "list.h"

#include <stdint.h>
#include <synos/string.h>

enum {
    SHIFT = 6,
    GRANULE = 1 << SHIFT,
    CLASSES = 59,       /* every size has one, so that alloc needs no check */
    CLASS_LARGEST = 47, /* of which there are blocks */
};

struct block {
    struct block *next;
};

static unsigned char *classes;
static char *base, *top, *end;
static struct block *heads[CLASSES];

bool list_start(void *arena, size_t bytes)
{
    const size_t table = bytes / (GRANULE + 1) / GRANULE * GRANULE + GRANULE;
    const uintptr_t start = ((uintptr_t)arena + GRANULE - 1) / GRANULE * GRANULE;

    if (bytes < table + 2ul * GRANULE) return false;
    classes = (unsigned char *)start;
    base = top = (char *)start + table;
    end = (char *)arena + bytes;
    memset(heads, 0, sizeof(heads));
    return true;
}

static void *carve(unsigned class)
{
    char *block = top;

    if (class > CLASS_LARGEST || (size_t)(end - top) < (size_t)GRANULE << class) return NULL;
    classes[(size_t)(block - base) >> SHIFT] = (unsigned char)class;
    top += (size_t)GRANULE << class;
    return block;
}

void *list_alloc(size_t bytes)
{
    const unsigned class = 64 - SHIFT - (unsigned)__builtin_clzl((bytes - 1) | (GRANULE - 1));
    struct block *block = heads[class];

    if (!block) return carve(class);
    heads[class] = block->next;
    return block;
}

static unsigned class_of(const void *memory)
{
    return classes[(size_t)((const char *)memory - base) >> SHIFT];
}

void list_free(void *memory)
{
    const unsigned class = class_of(memory);
    struct block *block = memory;

    block->next = heads[class];
    heads[class] = block;
}

size_t list_usable(const void *memory)
{
    return (size_t)GRANULE << class_of(memory);
}

void list_space(struct allocator_space *out)
{
    out->total = out->largest = (size_t)(end - top);
    for (unsigned class = 0; class < CLASSES; class ++)
        for (const struct block *block = heads[class]; block; block = block->next) {
            const size_t bytes = (size_t)GRANULE << class;

            out->total += bytes;
            if (bytes > out->largest) out->largest = bytes;
        }
}

const char *list_check(void)
{
    size_t carved[CLASSES] = {0};

    for (const char *block = base; block < top; block += list_usable(block)) {
        if (class_of(block) > CLASS_LARGEST) return "a block has a class that does not exist";
        carved[class_of(block)]++;
        if ((size_t)(top - block) < list_usable(block)) return "the blocks do not tile the arena";
    }
    for (unsigned class = 0; class < CLASSES; class ++)
        for (const struct block *block = heads[class]; block; block = block->next) {
            if ((const char *)block < base || (const char *)block >= top || class_of(block) != class)
                return "a list holds a block of another class";
            if (carved[class]-- == 0) return "a block is in its list twice";
        }
    return NULL;
}
