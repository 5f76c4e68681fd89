/*
 * kmalloc on several CPUs at once, which are threads here: each allocates, checks, frees, and hands blocks to
 * the others, who free them. The Makefile's target `tsan` runs this under ThreadSanitizer.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <synos/alloc.h>
#include <synos/heap.h>
#include <synos/ktest.h>
#include <synos/percpu.h>
#include <synos/pool.h>
#include <synos/rng.h>
#include "../live_blocks.h"
#include "shim.h"

enum { CPUS = 4, LIVE = 64, STEPS = 60000, MAIL = 32 };

struct block {
    unsigned char *memory;
    uint32_t bytes;
    unsigned char fill;
};

/* Blocks on their way to a CPU. */
static struct mailbox {
    pthread_mutex_t mutex;
    size_t count;
    struct block blocks[MAIL];
} mail[CPUS];

static struct worker {
    unsigned index;
    bool intact;
    struct rng rng;
    struct block live[LIVE];
} workers[CPUS];

static void release(struct worker *worker, struct block block)
{
    for (uint32_t i = 0; i < block.bytes; i += 61) worker->intact &= block.memory[i] == block.fill;
    kfree(block.memory);
}

static bool send(struct mailbox *to, struct block block)
{
    pthread_mutex_lock(&to->mutex);
    const bool fits = to->count < MAIL;
    if (fits) to->blocks[to->count++] = block;
    pthread_mutex_unlock(&to->mutex);
    return fits;
}

static void empty_mailbox(struct worker *worker)
{
    struct block blocks[MAIL];
    struct mailbox *mine = &mail[worker->index];

    pthread_mutex_lock(&mine->mutex);
    const size_t count = mine->count;
    memcpy(blocks, mine->blocks, count * sizeof(*blocks));
    mine->count = 0;
    pthread_mutex_unlock(&mine->mutex);
    for (size_t i = 0; i < count; i++) release(worker, blocks[i]);
}

static uint32_t choose_size(struct rng *rng)
{
    return 1 + rng_below(rng, 1u << (6 + rng_below(rng, 8)));
}

static void step(struct worker *worker)
{
    struct block *block = &worker->live[rng_below(&worker->rng, LIVE)];

    if (block->memory) {
        const unsigned other = rng_below(&worker->rng, CPUS);

        if (other == worker->index || !send(&mail[other], *block)) release(worker, *block);
        block->memory = NULL;
        return;
    }
    *block =
        (struct block){.bytes = choose_size(&worker->rng), .fill = (unsigned char)rng_next(&worker->rng)};
    block->memory = kmalloc(block->bytes);
    if (block->memory) memset(block->memory, block->fill, block->bytes);
}

static void *work(void *argument)
{
    struct worker *worker = argument;

    shim_enter_cpu(worker->index);
    pool_start_cpu(CPUS);
    rng_seed(&worker->rng, worker->index);
    for (int i = 0; i < STEPS; i++) {
        step(worker);
        if (i % 16 == 0) empty_mailbox(worker);
        if (i % 20000 == 0) kmem_trim();
    }
    for (size_t i = 0; i < LIVE; i++)
        if (worker->live[i].memory) release(worker, worker->live[i]);
    return NULL;
}

KTEST(mm_threads, blocks_go_between_cpus_and_none_is_lost_or_handed_out_twice)
{
    pthread_t threads[CPUS];
    const int64_t live = live_objects();

    heap_share();
    for (unsigned i = 0; i < CPUS; i++) {
        workers[i] = (struct worker){.index = i, .intact = true};
        pthread_mutex_init(&mail[i].mutex, NULL);
    }
    for (unsigned i = 0; i < CPUS; i++)
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0) abort();
    for (unsigned i = 0; i < CPUS; i++) pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < CPUS; i++) {
        empty_mailbox(&workers[i]);
        KTEST_TRUE(test, workers[i].intact);
    }
    KTEST_EQUAL(test, live_objects(), live);
    KTEST_TEXT(test, pool_check() ?: heap_check() ?: "sound", "sound");
    pool_start_cpu(cpu_count());
}
