/* Tests of objects that were freed twice at the same moment, as on two CPUs whose frees both saw them live:
 * one object stands in the lists twice until its second copy is found. Nothing that is live may suffer from
 * that. */
#include <synos/alloc.h>
#include <synos/ktest.h>
#include <synos/pool.h>
#include <synos/vm.h>
#include "../mm/pool_private.h"
#include "misuse_trap.h"

#define SOUND(test) KTEST_TEXT(test, pool_check() ?: "sound", "sound")

enum { CLASS = 5, BYTES = 2048 }; /* two objects a page */

static struct pool_stats stats(void)
{
    struct pool_stats now;

    pool_stats(CLASS, &now);
    return now;
}

static void free_twice(void *object)
{
    pool_free(object);
    pool_states()[pool_granule(object)] = POOL_FIRST + CLASS;
    pool_free(object);
}

static void *all[POOL_CAPACITY];
static size_t count;

/* Allocates all that the class has. */
static void take_all(void *ignored)
{
    (void)ignored;
    for (count = 0; count < POOL_CAPACITY && (all[count] = pool_alloc(BYTES)) != NULL;) count++;
}

static void give_all(void)
{
    while (count > 0) pool_free(all[--count]);
}

static void trim(void *ignored)
{
    (void)ignored;
    pool_trim();
}

/* The copy and the original together are as many as the page has objects, of which one is live. */
KTEST(mm_pool_copies, a_copy_does_not_make_a_page_seem_free_that_has_a_live_object)
{
    pool_trim();
    char *first = pool_alloc(BYTES), *second = pool_alloc(BYTES);

    KTEST_EQUAL(test, (uintptr_t)first / PAGE_SIZE, (uintptr_t)second / PAGE_SIZE);
    free_twice(first);
    const struct misuse_trap trap = misuse_of(trim, NULL);
    KTEST_TRUE(test, vm_frame((void *)((uintptr_t)second & ~(PAGE_SIZE - 1))) != 0);
    KTEST_TRUE(test, trap.count == 1 && trap.kind == MISUSE_DOUBLE_FREE && trap.pointer == first);
    KTEST_EQUAL(test, pool_usable(second), BYTES);
    SOUND(test);
    pool_free(second);
    SOUND(test);
}

/* One copy was handed out again and is live; the other lies in the depot. */
KTEST(mm_pool_copies, the_copy_of_a_live_object_does_not_take_its_memory_away)
{
    pool_trim();
    char *first = pool_alloc(BYTES), *second = pool_alloc(BYTES);

    free_twice(first);
    KTEST_TRUE(test, pool_alloc(BYTES) == first);
    pool_free(second);
    const struct misuse_trap trap = misuse_of(trim, NULL);
    KTEST_TRUE(test, vm_frame((void *)((uintptr_t)first & ~(PAGE_SIZE - 1))) != 0);
    KTEST_TRUE(test, trap.count == 1 && trap.kind == MISUSE_DOUBLE_FREE && trap.pointer == first);
    KTEST_EQUAL(test, pool_usable(first), BYTES);
    SOUND(test);
    pool_free(first);
    SOUND(test);
}

KTEST(mm_pool_copies, a_copy_does_not_spoil_the_peak)
{
    pool_trim();
    KTEST_EQUAL(test, stats().live, 0);
    free_twice(pool_alloc(BYTES));
    pool_drain();
    pool_drain(); /* from here on more lie in the depot than exist */
    KTEST_TRUE(test, stats().peak <= POOL_CAPACITY);
    const struct misuse_trap trap = misuse_of(take_all, NULL);
    KTEST_TRUE(test, trap.count == 1 && trap.kind == MISUSE_DOUBLE_FREE);
    KTEST_TRUE(test, stats().peak <= POOL_CAPACITY);
    give_all();
    SOUND(test);
}

KTEST(mm_pool_copies, a_copy_costs_a_class_none_of_its_objects_when_all_are_free)
{
    take_all(NULL);
    KTEST_EQUAL(test, count, POOL_CAPACITY);
    for (size_t i = 1; i < POOL_CAPACITY; i++) pool_free(all[i]);
    free_twice(all[0]);
    pool_drain();
    const struct misuse_trap trap = misuse_of(take_all, NULL);
    KTEST_EQUAL(test, trap.count, 1);
    KTEST_EQUAL(test, count, POOL_CAPACITY);
    SOUND(test);
    give_all();
    SOUND(test);
}
