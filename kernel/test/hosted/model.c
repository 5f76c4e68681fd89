/* kmalloc beside a model: a sorted table of what is live, with the content that each block must have. */
#include <synos/alloc.h>
#include <synos/heap.h>
#include <synos/pool.h>
#include "../misuse_trap.h"
#include "model.h"

struct block {
    unsigned char *memory;
    size_t bytes;
    unsigned char fill;
};

/* Live blocks in the order of their addresses. */
static struct block live[MODEL_BLOCKS];
static size_t live_count;

size_t model_live(void)
{
    return live_count;
}

/* Index of the first live block at or behind an address. */
static size_t lower_bound(const unsigned char *address)
{
    size_t low = 0, high = live_count;

    while (low < high) {
        const size_t middle = (low + high) / 2;

        if (live[middle].memory < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool insert(struct block block)
{
    const size_t at = lower_bound(block.memory);

    if (at > 0 && live[at - 1].memory + live[at - 1].bytes > block.memory) return false;
    if (at < live_count && block.memory + block.bytes > live[at].memory) return false;
    for (size_t i = live_count++; i > at; i--) live[i] = live[i - 1];
    live[at] = block;
    return true;
}

static void fill(const struct block *block)
{
    for (size_t i = 0; i < block->bytes; i++) block->memory[i] = block->fill;
}

static bool is_intact(const struct block *block)
{
    for (size_t i = 0; i < block->bytes; i++)
        if (block->memory[i] != block->fill) return false;
    return true;
}

static struct block remove_at(size_t at)
{
    const struct block block = live[at];

    live_count--;
    for (size_t i = at; i < live_count; i++) live[i] = live[i + 1];
    return block;
}

bool model_allocate(size_t bytes, unsigned char content)
{
    struct block block = {kmalloc(bytes), bytes, content};

    if (!block.memory) return true; /* the machine is small; that none is lost is checked at the end */
    if (kmalloc_usable(block.memory) < bytes || !insert(block)) return false;
    fill(&block);
    return true;
}

bool model_release(size_t at, bool sized)
{
    const struct block block = remove_at(at % live_count);

    if (!is_intact(&block)) return false;
    if (sized)
        kfree_sized(block.memory, block.bytes);
    else
        kfree(block.memory);
    return kmalloc_usable(block.memory) == 0;
}

bool model_refuses(size_t at, size_t offset)
{
    unsigned char *pointer = live[at % live_count].memory + 1 + offset;
    const size_t found = lower_bound(pointer);

    if (found < live_count && live[found].memory == pointer) return true;
    return misuse_of(kfree, pointer).count == 1;
}

bool model_intact(void)
{
    for (size_t at = 0; at < live_count; at++)
        if (!is_intact(&live[at])) return false;
    return true;
}

const char *model_check(void)
{
    return pool_check() ?: heap_check() ?: "sound";
}
