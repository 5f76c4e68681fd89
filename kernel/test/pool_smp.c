/* kmalloc on all CPUs at once: blocks that go from one to another, and what lies in another one's cache. */
#include <synos/alloc.h>
#include <synos/ktest.h>
#include <synos/percpu.h>
#include <synos/pool.h>
#include <synos/rng.h>
#include <synos/smp.h>
#include "live_blocks.h"
#include "storm.h"

/* The first word of a block is its own address, and the second one says so too. */
static void *make(struct rng *rng)
{
    uintptr_t *block = kmalloc(16 + rng_below(rng, 1u << (4 + rng_below(rng, 9))));

    if (!block) return NULL;
    block[0] = (uintptr_t)block;
    block[1] = ~(uintptr_t)block;
    return block;
}

static bool unmake(void *memory)
{
    uintptr_t *block = memory;
    const bool whole = block[0] == (uintptr_t)block && block[1] == ~(uintptr_t)block;

    block[0] = block[1] = 0;
    kfree(block);
    return whole;
}

KTEST(pool_smp, blocks_go_between_cpus_under_a_storm_of_interrupts_and_none_is_lost)
{
    static const struct storm storm = {
        make, unmake, .places = 256, .kept = 16, .steps = 20000, .interrupts = 100, .ticks = 9973};
    const int64_t live = live_objects();

    storm_run(&storm);
    KTEST_EQUAL(test, storm_end(), 0);
    KTEST_EQUAL(test, live_objects(), live);
    KTEST_TEXT(test, pool_check() ?: "sound", "sound");
}

static unsigned char *shared;

static void free_shared(void *ignored)
{
    (void)ignored;
    kfree(shared);
}

KTEST(pool_smp, a_block_is_freed_on_another_cpu_than_it_came_from)
{
    struct pool_stats here, there;
    const unsigned other = cpu_count() - 1;

    shared = kmalloc(2048);
    smp_run(1ull << other, free_shared, NULL);
    KTEST_EQUAL(test, kmalloc_usable(shared), 0);
    pool_cpu_stats(5, 0, &here);
    pool_cpu_stats(5, other, &there);
    KTEST_TRUE(test, other == 0 || there.cached > 0);
    KTEST_TEXT(test, pool_check() ?: "sound", "sound");
}

static void fill_the_cache(void *ignored)
{
    void *objects[POOL_CAPACITY / CPUS_MAX];

    (void)ignored;
    for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) objects[i] = pool_alloc(8192);
    for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) pool_free(objects[i]);
}

KTEST(pool_smp, objects_in_another_cpus_cache_are_had_on_the_second_try)
{
    static void *objects[POOL_CAPACITY + 1];
    const unsigned other = cpu_count() - 1;
    size_t count = 0;

    pool_trim();
    smp_run(1ull << other, fill_the_cache, NULL);
    while (count < POOL_CAPACITY && (objects[count] = pool_alloc(8192)) != NULL) count++;
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) smp_interrupt_wait(cpu);
    while (count < POOL_CAPACITY && (objects[count] = pool_alloc(8192)) != NULL) count++;
    KTEST_EQUAL(test, count, POOL_CAPACITY);
    for (size_t i = 0; i < count; i++) pool_free(objects[i]);
    KTEST_TEXT(test, pool_check() ?: "sound", "sound");
}
