/* Tests of the pools: classes, limits, bad frees, counts. */
#include <synos/ktest.h>
#include <synos/pool.h>
#include <synos/profile.h>
#include <synos/string.h>
#include "misuse_trap.h"

#define SOUND(test) KTEST_TEXT(test, pool_check() ?: "sound", "sound")

static struct pool_stats stats_of(unsigned class)
{
    struct pool_stats stats;

    pool_stats(class, &stats);
    return stats;
}

static unsigned class_of(const void *object)
{
    return (unsigned)(((uintptr_t)object - POOL_BASE) >> POOL_CLASS_SHIFT);
}

KTEST(mm_pool, every_size_gets_the_smallest_class_that_holds_it_aligned_to_its_size)
{
    for (size_t bytes = 1; bytes <= POOL_LARGEST; bytes += bytes < 130 ? 1 : 61) {
        void *object = pool_alloc(bytes);
        const size_t usable = pool_usable(object);

        KTEST_TRUE(test, object && usable >= bytes);
        KTEST_TRUE(test, usable == POOL_SMALLEST || usable / 2 < bytes);
        KTEST_EQUAL(test, (uintptr_t)object % usable, 0);
        KTEST_EQUAL(test, (size_t)POOL_SMALLEST << class_of(object), usable);
        pool_free(object);
    }
    SOUND(test);
}

KTEST(mm_pool, the_edges_of_all_classes_are_exact)
{
    for (unsigned class = 0; class < POOL_CLASSES; class ++) {
        const size_t bytes = (size_t)POOL_SMALLEST << class;
        void *exact = pool_alloc(bytes), *above = pool_alloc(bytes + 1);

        KTEST_EQUAL(test, pool_usable(exact), bytes);
        KTEST_EQUAL(test, pool_usable(above), class + 1 < POOL_CLASSES ? 2 * bytes : 0);
        pool_free(exact);
        if (above) pool_free(above);
    }
    KTEST_TRUE(test, pool_alloc(0) == NULL);
    KTEST_TRUE(test, pool_alloc(SIZE_MAX) == NULL);
}

KTEST(mm_pool, an_object_freed_last_is_handed_out_first)
{
    void *first = pool_alloc(100), *second = pool_alloc(100);

    KTEST_TRUE(test, first != second);
    pool_free(first);
    KTEST_TRUE(test, pool_alloc(100) == first);
    pool_free(second);
    pool_free(first);
}

KTEST(mm_pool, a_class_has_1024_objects_and_they_do_not_overlap)
{
    static unsigned char *objects[POOL_CAPACITY];
    const uint64_t fallbacks = stats_of(1).fallbacks;

    for (size_t i = 0; i < POOL_CAPACITY; i++) {
        objects[i] = pool_alloc(128);
        KTEST_TRUE(test, objects[i]);
        memset(objects[i], (int)(i % 255), 128);
    }
    KTEST_TRUE(test, pool_alloc(128) == NULL);
    KTEST_EQUAL(test, stats_of(1).fallbacks, fallbacks + 1);
    KTEST_EQUAL(test, stats_of(1).live, POOL_CAPACITY);
    KTEST_EQUAL(test, stats_of(1).peak, POOL_CAPACITY);
    SOUND(test);
    for (size_t i = 0; i < POOL_CAPACITY; i++) {
        for (size_t byte = 0; byte < 128; byte++) KTEST_EQUAL(test, objects[i][byte], i % 255);
        pool_free(objects[i]);
    }
    KTEST_EQUAL(test, stats_of(1).live, 0);
    SOUND(test);
}

KTEST(mm_pool, a_double_free_is_caught_at_the_free)
{
    void *object = pool_alloc(256), *other = pool_alloc(256);

    pool_free(object);
    KTEST_TRUE(test, is_misuse(pool_free, object, MISUSE_DOUBLE_FREE));
    pool_free(other);
    KTEST_TRUE(
        test, is_misuse(pool_free, object, MISUSE_DOUBLE_FREE)); /* also when it is not the newest free one */
    void *again = pool_alloc(256), *next = pool_alloc(256);
    KTEST_TRUE(test, again != next);
    pool_free(again);
    pool_free(next);
    SOUND(test);
}

KTEST(mm_pool, a_pointer_into_an_object_is_caught_at_every_offset)
{
    for (size_t bytes = POOL_SMALLEST; bytes <= POOL_LARGEST; bytes *= 2) {
        char *object = pool_alloc(bytes);

        for (size_t offset = 1; offset < bytes; offset += offset < 130 ? 1 : 63)
            KTEST_TRUE(test, is_misuse(pool_free, object + offset, MISUSE_INTERIOR_FREE));
        KTEST_EQUAL(test, pool_usable(object), bytes);
        pool_free(object);
    }
    SOUND(test);
}

KTEST(mm_pool, an_interior_pointer_of_a_free_object_is_no_double_free)
{
    char *object = pool_alloc(8192);

    pool_free(object);
    KTEST_TRUE(test, is_misuse(pool_free, object + 4096, MISUSE_INTERIOR_FREE));
    KTEST_TRUE(test, is_misuse(pool_free, object + 1, MISUSE_INTERIOR_FREE));
}

KTEST(mm_pool, memory_that_was_never_handed_out_is_caught)
{
    for (unsigned class = 0; class < POOL_CLASSES; class ++) {
        const uintptr_t end = POOL_BASE + ((uintptr_t)(class + 1) << POOL_CLASS_SHIFT);
        const size_t bytes = (size_t)POOL_SMALLEST << class;

        if (stats_of(class).carved == POOL_CAPACITY && bytes == POOL_LARGEST) continue;
        KTEST_TRUE(test, is_misuse(pool_free, (void *)(end - bytes), MISUSE_UNALLOCATED_FREE));
        KTEST_TRUE(test, is_misuse(pool_free, (void *)(end - 1), MISUSE_UNALLOCATED_FREE));
    }
}

KTEST(mm_pool, foreign_pointers_are_caught)
{
    static char in_the_image[128];
    char on_the_stack;

    KTEST_TRUE(test, is_misuse(pool_free, NULL, MISUSE_FOREIGN_FREE));
    KTEST_TRUE(test, is_misuse(pool_free, in_the_image, MISUSE_FOREIGN_FREE));
    KTEST_TRUE(test, is_misuse(pool_free, &on_the_stack, MISUSE_FOREIGN_FREE));
    KTEST_TRUE(test, is_misuse(pool_free, (void *)(POOL_BASE - 64), MISUSE_FOREIGN_FREE));
    KTEST_TRUE(test, is_misuse(pool_free, (void *)(POOL_BASE + POOL_SIZE), MISUSE_FOREIGN_FREE));
    KTEST_TRUE(test, is_misuse(pool_free, (void *)~0ull, MISUSE_FOREIGN_FREE));
    KTEST_EQUAL(test, pool_usable(in_the_image), 0);
}

static void alloc_512(void *ignored)
{
    (void)ignored;
    pool_free(pool_alloc(512));
}

KTEST(mm_pool, a_write_after_free_cannot_damage_the_pool_and_the_debug_profile_tells_it)
{
    unsigned char *object = pool_alloc(512);

    pool_free(object);
    memset(object, 0xff, 512);
    SOUND(test);
    const struct misuse_trap trap = misuse_of(alloc_512, NULL);
    KTEST_EQUAL(test, trap.count, SYNOS_DEBUG);
    KTEST_TRUE(test, !SYNOS_DEBUG || (trap.kind == MISUSE_WRITE_AFTER_FREE && trap.pointer == object));
    SOUND(test);
}

KTEST(mm_pool, counts_tell_hits_from_refills_and_the_peak_is_exact)
{
    enum { CLASS = 3, OBJECTS = 150 };
    static void *objects[OBJECTS];
    const struct pool_stats before = stats_of(CLASS);

    for (int i = 0; i < OBJECTS; i++) objects[i] = pool_alloc(512);
    const struct pool_stats full = stats_of(CLASS);
    for (int i = 0; i < OBJECTS; i++) pool_free(objects[i]);
    const struct pool_stats after = stats_of(CLASS);

    KTEST_EQUAL(test, full.live - before.live, OBJECTS);
    KTEST_EQUAL(test, full.peak, before.peak > before.live + OBJECTS ? before.peak : before.live + OBJECTS);
    KTEST_EQUAL(test, after.peak, full.peak);
    KTEST_EQUAL(test, after.live, before.live);
    KTEST_EQUAL(test, after.allocations - before.allocations, OBJECTS);
    KTEST_EQUAL(test, after.hits + after.refills, after.allocations);
    KTEST_TRUE(test, after.refills > before.refills && after.flushes > before.flushes);
    SOUND(test);
}

KTEST(mm_pool, memory_is_committed_as_it_is_needed)
{
    for (unsigned class = 0; class < POOL_CLASSES; class ++) {
        const struct pool_stats stats = stats_of(class);

        KTEST_TRUE(test, stats.carved * stats.bytes <= stats.committed);
        KTEST_TRUE(test, stats.committed < stats.carved * stats.bytes + PAGE_SIZE);
    }
}
