/* The heap on all CPUs at once: blocks that go from one to another while memory is moved and given back, one
 * block that all free, and what another CPU keeps. */
#include <synos/alloc.h>
#include <synos/heap.h>
#include <synos/ktest.h>
#include <synos/misuse.h>
#include <synos/percpu.h>
#include <synos/rng.h>
#include <synos/smp.h>
#include "storm.h"

enum { ROUNDS = 200 };

/* The first word of a block is its own address, the last one says so too. Few lengths, so that many requests
 * find one that is kept. */
static void *make(struct rng *rng)
{
    static const uint32_t sizes[] = {9216, 20480, 9216, 65536, 12288, 131072};
    const size_t bytes = sizes[rng_below(rng, 6)];
    uintptr_t *block = rng_below(rng, 8) == 0 ? heap_alloc_aligned(bytes, PAGE_SIZE) : heap_alloc(bytes);

    if (!block) return NULL;
    block[0] = (uintptr_t)block;
    block[bytes / sizeof(*block) - 1] = ~(uintptr_t)block;
    return block;
}

static bool unmake(void *memory)
{
    uintptr_t *block = memory;
    const size_t last = heap_usable(block) / sizeof(*block) - 1;
    const bool whole = block[0] == (uintptr_t)block && block[last] == ~(uintptr_t)block;

    block[0] = block[last] = 0;
    heap_free(block);
    return whole;
}

static void trim(void)
{
    heap_trim();
}

static struct heap_stats stats_now(void)
{
    struct heap_stats stats;

    heap_stats(&stats);
    return stats;
}

KTEST(heap_smp, blocks_go_between_cpus_under_a_storm_of_interrupts_and_none_is_lost)
{
    static const struct storm storm = {
        make, unmake, trim, .places = 64, .kept = 4, .steps = 6000, .interrupts = 50, .ticks = 29989};
    const size_t live = stats_now().live;

    storm_run(&storm);
    KTEST_TEXT(test, heap_check() ?: "sound", "sound");
    KTEST_EQUAL(test, storm_end(), 0);
    KTEST_EQUAL(test, stats_now().live, live);
    KTEST_TEXT(test, heap_check() ?: "sound", "sound");
}

static void *victim;
static unsigned refused;
static struct smp_barrier barrier;

static void count_refused(enum misuse kind, const void *pointer)
{
    if (kind == MISUSE_DOUBLE_FREE && pointer == victim) __atomic_add_fetch(&refused, 1, __ATOMIC_RELAXED);
}

static void free_the_same(void *ignored)
{
    (void)ignored;
    for (int round = 0; round < ROUNDS; round++) {
        if (this_cpu()->index == 0) victim = heap_alloc(20000);
        smp_barrier_wait(&barrier);
        heap_free(victim);
        smp_barrier_wait(&barrier);
    }
}

KTEST(heap_smp, of_cpus_that_free_one_block_at_once_all_but_one_are_told)
{
    misuse_handler *handler = misuse_set_handler(count_refused);

    refused = 0;
    barrier = (struct smp_barrier){.members = cpu_count()};
    smp_run(SMP_ALL, free_the_same, NULL);
    misuse_set_handler(handler);
    KTEST_EQUAL(test, refused, ROUNDS * (cpu_count() - 1));
    KTEST_TEXT(test, heap_check() ?: "sound", "sound");
}

static void keep_one(void *bytes)
{
    heap_free(heap_alloc(*(size_t *)bytes));
}

KTEST(heap_smp, what_another_cpu_keeps_is_had_when_memory_runs_out)
{
    size_t bytes = 4 << 20;

    heap_trim();
    smp_run(1ull << (cpu_count() - 1), keep_one, &bytes);
    KTEST_EQUAL(test, stats_now().kept, bytes);
    kmem_limit(kmem_committed());
    void *block = heap_alloc(bytes - HEAP_UNIT);
    kmem_limit(SIZE_MAX);
    KTEST_TRUE(test, block);
    KTEST_EQUAL(test, stats_now().kept, 0);
    heap_free(block);
    heap_trim();
    KTEST_TEXT(test, heap_check() ?: "sound", "sound");
}
