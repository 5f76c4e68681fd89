/*
 * The heap on several CPUs at once, which are threads here: blocks of a few lengths, so that they are kept,
 * joined, moved and handed to others to free; and one block that all free at once. The Makefile's target
 * `tsan` runs this under ThreadSanitizer.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <synos/heap.h>
#include <synos/ktest.h>
#include <synos/misuse.h>
#include <synos/percpu.h>
#include <synos/rng.h>
#include "shim.h"

enum { CPUS = 4, PLACES = 96, STEPS = 30000, ROUNDS = 2000 };

/* Blocks that any CPU may free: whoever takes one out of its place owns it. */
static unsigned char *places[PLACES];
static bool intact[CPUS];
static unsigned numbers[CPUS] = {0, 1, 2, 3};

/* The first byte is the fill, and the next four the length. */
static unsigned char *make(struct rng *rng)
{
    static const uint32_t lengths[] = {9000, 20000, 20000, 70000, 9000, 150000, 33000, 200000};
    const uint32_t bytes = lengths[rng_below(rng, 8)];
    unsigned char *block = rng_below(rng, 8) == 0 ? heap_alloc_aligned(bytes, 4096) : heap_alloc(bytes);

    if (!block) return NULL;
    memset(block, (int)rng_below(rng, 256), bytes);
    memcpy(block + 1, &bytes, sizeof(bytes));
    return block;
}

static bool unmake(unsigned char *block)
{
    bool whole = true;
    uint32_t bytes;

    memcpy(&bytes, block + 1, sizeof(bytes));
    for (uint32_t i = 5; i < bytes; i += 97) whole &= block[i] == block[0];
    heap_free(block);
    return whole;
}

static void *work(void *number)
{
    const unsigned index = *(unsigned *)number;
    struct rng rng;

    shim_enter_cpu(index);
    rng_seed(&rng, index);
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned char **place = &places[rng_below(&rng, PLACES)];
        unsigned char *mine = rng_below(&rng, 2) == 0 ? make(&rng) : NULL;

        mine = __atomic_exchange_n(place, mine, __ATOMIC_ACQ_REL);
        if (mine) intact[index] &= unmake(mine);
        if (step % 5000 == 999) heap_trim();
    }
    return NULL;
}

static void run_on_all(void *(*body)(void *number))
{
    pthread_t threads[CPUS];

    heap_share();
    for (unsigned i = 0; i < CPUS; i++)
        if (pthread_create(&threads[i], NULL, body, &numbers[i]) != 0) abort();
    for (unsigned i = 0; i < CPUS; i++) pthread_join(threads[i], NULL);
}

KTEST(mm_threads_heap, blocks_go_between_cpus_and_none_is_lost_or_handed_out_twice)
{
    struct heap_stats before, after;

    heap_stats(&before);
    for (unsigned i = 0; i < CPUS; i++) intact[i] = true;
    run_on_all(work);
    KTEST_TEXT(test, heap_check() ?: "sound", "sound");
    for (unsigned i = 0; i < PLACES; i++)
        if (places[i]) KTEST_TRUE(test, unmake(places[i]));
    for (unsigned i = 0; i < CPUS; i++) KTEST_TRUE(test, intact[i]);
    heap_stats(&after);
    KTEST_EQUAL(test, after.live, before.live);
    KTEST_EQUAL(test, after.requested, before.requested);
    KTEST_TRUE(test, after.peak >= 100000 && after.peak < PLACES * 220000ul + before.peak);
    KTEST_TEXT(test, heap_check() ?: "sound", "sound");
}

static pthread_barrier_t barrier;
static unsigned char *victim;
static unsigned refused;

static void count_refused(enum misuse kind, const void *pointer)
{
    if (kind == MISUSE_DOUBLE_FREE && pointer == victim) __atomic_add_fetch(&refused, 1, __ATOMIC_RELAXED);
}

static void *free_the_same(void *number)
{
    shim_enter_cpu(*(unsigned *)number);
    for (unsigned round = 0; round < ROUNDS; round++) {
        if (*(unsigned *)number == 0) victim = heap_alloc(20000);
        pthread_barrier_wait(&barrier);
        heap_free(victim);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

KTEST(mm_threads_heap, of_cpus_that_free_one_block_at_once_all_but_one_are_told)
{
    pthread_barrier_init(&barrier, NULL, CPUS);
    misuse_handler *handler = misuse_set_handler(count_refused);

    refused = 0;
    run_on_all(free_the_same);
    misuse_set_handler(handler);
    KTEST_EQUAL(test, refused, ROUNDS * (CPUS - 1));
    KTEST_TEXT(test, heap_check() ?: "sound", "sound");
}
