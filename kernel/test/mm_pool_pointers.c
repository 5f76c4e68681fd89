/* Frees of any pointer at all: what is told about each is worked out here once more, from the layout in words
 * and not in bits. */
#include <synos/alloc.h>
#include <synos/ktest.h>
#include <synos/pool.h>
#include <synos/rng.h>
#include "../mm/pool_private.h"
#include "misuse_trap.h"

enum { RANDOM = 3000, OBJECTS = 128, CLASS_BYTES = 1 << POOL_CLASS_SHIFT };

/* In each class: one live, one free, and one whose memory went back. */
static char *live[POOL_CLASSES], *dead[POOL_CLASSES], *gone[POOL_CLASSES];

static bool prepare(void)
{
    pool_trim();
    for (unsigned class = 0; class < POOL_CLASSES; class ++) {
        void *objects[OBJECTS];

        for (size_t i = 0; i < OBJECTS; i++) objects[i] = pool_alloc(pool_bytes(class));
        live[class] = objects[0];
        gone[class] = objects[OBJECTS - 1];
        for (size_t i = 1; i < OBJECTS; i++) pool_free(objects[i]);
    }
    pool_trim();
    for (unsigned class = 0; class < POOL_CLASSES; class ++) {
        dead[class] = pool_alloc(pool_bytes(class));
        pool_free(dead[class]);
        if (pool_usable(live[class]) == 0 || pool_states()[pool_granule(gone[class])] != POOL_GONE)
            return false;
    }
    return true;
}

static bool is_within(const char *object, const char *pointer, size_t bytes)
{
    return object && pointer >= object && pointer < object + bytes;
}

/* -1: a good free. Of pointers in a class's objects that `prepare` made, and of such that never were ones. */
static int expected(const char *pointer)
{
    const uint64_t in_window = (uintptr_t)pointer - POOL_BASE;

    if (in_window >= (uint64_t)POOL_CLASSES * CLASS_BYTES) return MISUSE_FOREIGN_FREE;
    const unsigned class = (unsigned)(in_window / CLASS_BYTES);
    const size_t bytes = (size_t)64 << class;

    if (pointer == live[class]) return -1;
    if (is_within(live[class], pointer, bytes)) return MISUSE_INTERIOR_FREE;
    if (pointer == dead[class]) return MISUSE_DOUBLE_FREE;
    if (is_within(dead[class], pointer, bytes)) return MISUSE_INTERIOR_FREE;
    if (is_within(gone[class], pointer, bytes)) return MISUSE_RETURNED_FREE;
    return MISUSE_UNALLOCATED_FREE;
}

static void free_sized(void *pointer)
{
    kfree_sized(pointer, 64);
}

static bool is_refused_by_all(char *pointer)
{
    const int kind = expected(pointer);
    const bool in_heap = (uintptr_t)pointer - HEAP_BASE < HEAP_SIZE;

    if (kind < 0) return true;
    if (pool_usable(pointer) != 0 || !is_misuse(pool_free, pointer, (enum misuse)kind)) return false;
    if (!pointer || in_heap) return true; /* for kfree no business of the pools */
    return is_misuse(kfree, pointer, (enum misuse)kind) && is_misuse(free_sized, pointer, (enum misuse)kind);
}

static void free_the_live(void)
{
    for (unsigned class = 0; class < POOL_CLASSES; class ++) pool_free(live[class]);
}

KTEST(mm_pool_pointers, at_every_edge_of_the_windows_and_tables_the_right_thing_is_told)
{
    KTEST_TRUE(test, prepare());
    for (unsigned class = 1; class < POOL_CLASSES; class ++) { /* the last fills its window */
        const uintptr_t end = POOL_BASE + (uintptr_t) class * CLASS_BYTES;

        for (int near = -64; near < 0; near++) KTEST_TRUE(test, is_refused_by_all((char *)end + near));
    }
    static const uintptr_t edges[] = {0,
                                      POOL_BASE + POOL_SIZE + 65,
                                      POOL_STATES + 65,
                                      POOL_OWNERS,
                                      POOL_OWNERS + 4ull * POOL_GRANULES,
                                      HEAP_BASE,
                                      HEAP_BASE + HEAP_SIZE,
                                      PERCPU_BASE,
                                      DIRECT_MAP_BASE,
                                      1ull << 63,
                                      1ull << 47,
                                      ~0ull << 47};

    for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++)
        for (int near = -65; near <= 65; near++)
            KTEST_TRUE(test, is_refused_by_all((char *)(edges[i] + (uintptr_t)(intptr_t)near)));
    KTEST_TRUE(test, is_refused_by_all((char *)POOL_NOTHING));
    for (int bit = 26; bit < 64; bit++)
        for (unsigned class = 0; class < POOL_CLASSES; class ++)
            KTEST_TRUE(test, is_refused_by_all((char *)((uintptr_t)live[class] ^ 1ull << bit)));
    free_the_live();
    KTEST_TEXT(test, pool_check() ?: "sound", "sound");
}

KTEST(mm_pool_pointers, at_every_byte_of_live_free_and_returned_objects_the_right_thing_is_told)
{
    KTEST_TRUE(test, prepare());
    for (unsigned class = 0; class < POOL_CLASSES; class ++)
        for (size_t at = 0; at < pool_bytes(class); at += class < 3 ? 1 : 7) {
            KTEST_TRUE(test, is_refused_by_all(live[class] + at));
            KTEST_TRUE(test, is_refused_by_all(dead[class] + at));
            KTEST_TRUE(test, is_refused_by_all(gone[class] + at));
        }
    free_the_live();
    KTEST_TEXT(test, pool_check() ?: "sound", "sound");
}

KTEST(mm_pool_pointers, random_numbers_are_no_pointers_of_the_pools)
{
    struct rng rng;

    rng_seed(&rng, 11);
    KTEST_TRUE(test, prepare());
    for (int i = 0; i < RANDOM; i++) {
        const uint64_t number = (uint64_t)rng_next(&rng) << 32 | rng_next(&rng);

        if (number - POOL_BASE >= POOL_SIZE) KTEST_TRUE(test, is_refused_by_all((char *)number));
    }
    free_the_live();
    KTEST_TEXT(test, pool_check() ?: "sound", "sound");
}
