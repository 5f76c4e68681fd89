/* Tests of the memory behind the pools: what is given back, what is told about it afterwards, and what a
 * cache may hold. */
#include <synos/alloc.h>
#include <synos/ktest.h>
#include <synos/pool.h>
#include "../mm/pool_private.h"
#include "misuse_trap.h"

#define SOUND(test) KTEST_TEXT(test, pool_check() ?: "sound", "sound")

static void *objects[POOL_CAPACITY];

static struct pool_stats stats_of(unsigned class)
{
    struct pool_stats stats;

    pool_stats(class, &stats);
    return stats;
}

static void take(size_t bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) objects[i] = pool_alloc(bytes);
}

static void give(size_t count)
{
    for (size_t i = 0; i < count; i++) pool_free(objects[i]);
}

KTEST(mm_pool_memory, free_slabs_are_given_back_and_every_byte_is_counted)
{
    for (unsigned class = 0; class < POOL_CLASSES; class ++) {
        take(pool_bytes(class), 300);
        give(300);
    }
    const size_t held = kmem_committed();
    const size_t bytes = pool_trim();

    KTEST_TRUE(test, bytes >= 300 * (4096ul + 8192));
    KTEST_EQUAL(test, kmem_committed(), held - bytes);
    for (unsigned class = 0; class < POOL_CLASSES; class ++) {
        const struct pool_stats stats = stats_of(class);

        KTEST_TRUE(test, stats.committed <= (size_t)stats.live * pool_slab_bytes(class));
        KTEST_EQUAL(test, stats.cached, 0);
    }
    KTEST_EQUAL(test, pool_trim(), 0);
    SOUND(test);
}

KTEST(mm_pool_memory, a_slab_with_one_live_object_stays_and_keeps_its_content)
{
    unsigned char *kept = pool_alloc(256);

    take(256, 100);
    memset(kept, 0x5a, 256);
    give(100);
    pool_trim();
    KTEST_EQUAL(test, pool_usable(kept), 256);
    for (int i = 0; i < 256; i++) KTEST_EQUAL(test, kept[i], 0x5a);
    pool_free(kept);
    SOUND(test);
}

KTEST(mm_pool_memory, a_free_into_memory_that_was_given_back_is_told_as_that)
{
    char *object = pool_alloc(8192);

    pool_free(object);
    pool_trim();
    KTEST_TRUE(test, is_misuse(pool_free, object, MISUSE_RETURNED_FREE));
    KTEST_TRUE(test, is_misuse(kfree, object + 64, MISUSE_RETURNED_FREE));
    KTEST_EQUAL(test, pool_usable(object), 0);
    SOUND(test);
}

KTEST(mm_pool_memory, memory_that_was_given_back_comes_again)
{
    take(4096, POOL_CAPACITY);
    give(POOL_CAPACITY);
    KTEST_TRUE(test, pool_trim() >= (size_t)POOL_CAPACITY * 4096);
    take(4096, POOL_CAPACITY);
    for (size_t i = 0; i < POOL_CAPACITY; i++) {
        KTEST_TRUE(test, objects[i]);
        memset(objects[i], 1, 4096);
    }
    give(POOL_CAPACITY);
    SOUND(test);
}

KTEST(mm_pool_memory, at_a_limit_the_class_ends_without_losing_an_object)
{
    size_t count = 0;

    pool_trim();
    const int64_t live = stats_of(6).live;
    kmem_limit(kmem_committed() + 10 * PAGE_SIZE);
    while (count < POOL_CAPACITY && (objects[count] = pool_alloc(4096)) != NULL) count++;
    kmem_limit(SIZE_MAX);
    KTEST_TRUE(test, count >= 10 && count < 20);
    KTEST_EQUAL(test, stats_of(6).live, live + (int64_t)count);
    SOUND(test);
    give(count);
    KTEST_EQUAL(test, stats_of(6).live, live);
}

KTEST(mm_pool_memory, a_cache_holds_less_when_more_cpus_share_the_objects)
{
    pool_start_cpu(64);
    take(512, 200);
    give(200);
    KTEST_TRUE(test, stats_of(3).cached <= (size_t)POOL_CAPACITY / 64 * cpu_count());
    SOUND(test);
    pool_start_cpu(1);
    take(512, 200);
    give(200);
    KTEST_TRUE(test, stats_of(3).cached > 30);
    pool_start_cpu(cpu_count());
    SOUND(test);
}

static void alloc_two(void *ignored)
{
    (void)ignored;
    take(128, 2);
}

/* As on two CPUs whose frees both saw a live object: the state byte is set back between them. */
KTEST(mm_pool_memory, an_object_freed_twice_at_the_same_moment_goes_out_once)
{
    void *object = pool_alloc(128);

    pool_free(object);
    pool_states()[pool_granule(object)] = POOL_FIRST + 1;
    pool_free(object);
    const struct misuse_trap trap = misuse_of(alloc_two, NULL);
    KTEST_TRUE(test, trap.count == 1 && trap.kind == MISUSE_DOUBLE_FREE && trap.pointer == object);
    KTEST_TRUE(test, objects[0] == object && objects[1] != object && objects[1]);
    give(2);
    SOUND(test);
}

KTEST(mm_pool_memory, a_cpus_account_says_what_it_holds)
{
    struct pool_stats before, after;

    pool_cpu_stats(2, this_cpu()->index, &before);
    take(256, 100);
    pool_cpu_stats(2, this_cpu()->index, &after);
    KTEST_EQUAL(test, after.live - before.live, 100);
    KTEST_EQUAL(test, after.allocations - before.allocations, 100);
    KTEST_TRUE(test, after.peak >= after.live);
    give(100);
    pool_cpu_stats(2, this_cpu()->index, &after);
    KTEST_EQUAL(test, after.live, before.live);
}
