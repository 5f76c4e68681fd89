/*
 * kmalloc against a model: a sorted table of what is live. After each step the allocators' own invariants are
 * walked, and the model says whether the new block lies where nothing else does; every so often the whole
 * content of every block is compared.
 */
#include <stdio.h>
#include <time.h>
#include <synos/alloc.h>
#include <synos/frame.h>
#include <synos/heap.h>
#include <synos/ktest.h>
#include <synos/pool.h>
#include <synos/rng.h>
#include "../misuse_trap.h"
#include "model.h"
#include "shim.h"

enum { LIVE_MAX = 3000 };

struct block {
    unsigned char *memory;
    size_t bytes;
    unsigned char fill;
};

unsigned model_seconds = 4;

/* Live blocks in the order of their addresses. */
static struct block live[LIVE_MAX];
static size_t live_count;

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

/* Sizes as in the recorded traces: most of them small, a few large, and often the same few again. */
static size_t choose_size(struct rng *rng)
{
    static const uint32_t common[] = {64, 256, 512, 1024, 4096, 8192, 8193, 65536};
    const uint32_t dice = rng_below(rng, 16);

    if (dice < 6) return common[rng_below(rng, 8)];
    if (dice < 14) return 1 + rng_below(rng, 2u << rng_below(rng, 13));
    return 1 + rng_below(rng, 100000);
}

static bool allocate(struct rng *rng)
{
    struct block block = {.bytes = choose_size(rng), .fill = (unsigned char)rng_next(rng)};

    block.memory = kmalloc(block.bytes);
    if (!block.memory) return true; /* the machine is small; that none is lost is checked at the end */
    if (kmalloc_usable(block.memory) < block.bytes || !insert(block)) return false;
    fill(&block);
    return true;
}

static bool release(struct rng *rng)
{
    const struct block block = remove_at(rng_below(rng, (uint32_t)live_count));

    if (!is_intact(&block)) return false;
    kfree(block.memory);
    return kmalloc_usable(block.memory) == 0;
}

/* A free that is wrong by an offset, or of a pointer from nowhere, is refused, unless the model knows a block
 * there. */
static bool refuse_wild_free(struct rng *rng)
{
    const struct block *near = &live[rng_below(rng, (uint32_t)live_count)];
    unsigned char *pointer = near->memory + 1 + rng_below(rng, 20000);
    const size_t at = lower_bound(pointer);

    if (at < live_count && live[at].memory == pointer) return true;
    return misuse_of(kfree, pointer).count == 1;
}

static bool step(struct rng *rng, unsigned bias)
{
    const uint32_t dice = rng_below(rng, 16);

    if (live_count > 0 && dice == 15) return refuse_wild_free(rng);
    if (live_count < LIVE_MAX && (live_count == 0 || dice < bias)) return allocate(rng);
    return release(rng);
}

static bool all_intact(void)
{
    for (size_t at = 0; at < live_count; at++)
        if (!is_intact(&live[at])) return false;
    return true;
}

KTEST(mm_model, kmalloc_agrees_with_a_sorted_table_of_live_blocks_at_every_step)
{
    const clock_t end = clock() + (clock_t)model_seconds * CLOCKS_PER_SEC;
    unsigned long steps = 0;
    struct rng rng;

    rng_seed(&rng, 4);
    for (; clock() < end; steps++) {
        const unsigned bias = steps / 4096 % 3 == 0 ? 11 : 6; /* grow for a while, then shrink for longer */

        KTEST_TRUE(test, step(&rng, bias));
        KTEST_TEXT(test, pool_check() ?: heap_check() ?: "sound", "sound");
        if (steps % 1024 == 0) {
            KTEST_TRUE(test, all_intact());
            KTEST_TEXT(test, frame_check() ?: "sound", "sound");
        }
    }
    printf("    # %lu steps, %zu blocks live at the end\n", steps, live_count);
    while (live_count > 0) KTEST_TRUE(test, release(&rng));
    KTEST_TEXT(test, pool_check() ?: heap_check() ?: "sound", "sound");
}

KTEST(mm_model, when_memory_runs_out_allocation_fails_and_comes_back_after_frees)
{
    static void *blocks[LIVE_MAX];
    struct frame_stats frames;
    size_t count = 0;

    while (count < LIVE_MAX && (blocks[count] = kmalloc(60000)) != NULL) count++;
    KTEST_TRUE(test, count > 100 && count < LIVE_MAX);
    KTEST_TEXT(test, pool_check() ?: heap_check() ?: frame_check() ?: "sound", "sound");
    frame_stats(&frames);
    KTEST_TRUE(test, frames.free < 60000 / 4096);
    for (size_t i = 0; i < count; i++) kfree(blocks[i]);
    void *again = kmalloc(count * 60000);
    KTEST_TRUE(test, again);
    kfree(again);
}
