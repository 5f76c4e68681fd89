/* Tests of kmalloc, and a random walk over all of it that checks every invariant after each step. */
#include <synos/alloc.h>
#include <synos/frame.h>
#include <synos/heap.h>
#include <synos/ktest.h>
#include <synos/pool.h>
#include <synos/rng.h>
#include <synos/string.h>
#include "misuse_trap.h"

static bool is_from_pool(const void *memory)
{
    return (uintptr_t)memory - POOL_BASE < POOL_SIZE;
}

KTEST(mm_alloc, requests_up_to_8_kib_come_from_pools_and_larger_ones_from_the_heap)
{
    void *small = kmalloc(8192), *large = kmalloc(8193);

    KTEST_TRUE(test, is_from_pool(small));
    KTEST_TRUE(test, large && !is_from_pool(large));
    KTEST_EQUAL(test, kmalloc_usable(small), 8192);
    KTEST_EQUAL(test, kmalloc_usable(large), 9 * HEAP_UNIT);
    kfree(small);
    kfree(large);
    KTEST_EQUAL(test, kmalloc_usable(small), 0); // NOLINT(clang-analyzer-unix.Malloc): that is the question
    KTEST_EQUAL(test, kmalloc_usable(large), 0);
}

KTEST(mm_alloc, nothing_is_null_and_freeing_null_is_let_pass)
{
    KTEST_TRUE(test, kmalloc(0) == NULL);
    KTEST_TRUE(test, kmalloc(SIZE_MAX) == NULL);
    KTEST_EQUAL(test, misuse_of(kfree, NULL).count, 0);
}

KTEST(mm_alloc, a_full_class_overflows_into_the_heap)
{
    static void *objects[POOL_CAPACITY + 3];
    struct pool_stats stats;

    for (size_t i = 0; i < POOL_CAPACITY + 3; i++) {
        objects[i] = kmalloc(64);
        KTEST_EQUAL(test, is_from_pool(objects[i]), i < POOL_CAPACITY);
    }
    pool_stats(0, &stats);
    KTEST_TRUE(test, stats.fallbacks >= 3);
    for (size_t i = 0; i < POOL_CAPACITY + 3; i++) kfree(objects[i]);
    KTEST_TEXT(test, pool_check() ?: heap_check() ?: "sound", "sound");
}

KTEST(mm_alloc, trimming_gives_back_what_is_free_in_pools_and_heap_and_nothing_else)
{
    char *kept = kmalloc(300), *small = kmalloc(8192), *large = kmalloc(50000);

    KTEST_TRUE(test, kept && small && large);
    memset(kept, 7, 300);
    kmem_trim(); /* what earlier tests left free */
    kfree(small);
    kfree(large);
    const size_t available = frame_available();
    const size_t given = kmem_trim();

    KTEST_TRUE(test, given >= 8192 + 50000 / PAGE_SIZE * PAGE_SIZE);
    KTEST_EQUAL(test, frame_available() - available, given / PAGE_SIZE);
    KTEST_EQUAL(test, kmem_trim(), 0);
    KTEST_TRUE(test, kept[0] == 7 && kept[299] == 7);
    kfree(kept);
    KTEST_TEXT(test, pool_check() ?: heap_check() ?: "sound", "sound");
}

KTEST(mm_alloc, bad_frees_are_caught_wherever_the_pointer_lies)
{
    char *small = kmalloc(300), *large = kmalloc(30000);
    static char image[64];

    KTEST_TRUE(test, is_misuse(kfree, small + 64, MISUSE_INTERIOR_FREE));
    KTEST_TRUE(test, is_misuse(kfree, large + 4096, MISUSE_INTERIOR_FREE));
    KTEST_TRUE(test, is_misuse(kfree, image, MISUSE_FOREIGN_FREE));
    KTEST_TRUE(test, is_misuse(pool_free, large, MISUSE_FOREIGN_FREE));
    KTEST_TRUE(test, is_misuse(heap_free, small, MISUSE_FOREIGN_FREE));
    kfree(small);
    kfree(large);
    KTEST_TRUE(test,
               is_misuse(kfree, small, MISUSE_DOUBLE_FREE)); // NOLINT(clang-analyzer-unix.Malloc): on purpose
    KTEST_TRUE(test, is_misuse(kfree, large, MISUSE_DOUBLE_FREE));
}

static size_t claimed;

static void free_claiming(void *memory)
{
    kfree_sized(memory, claimed);
}

KTEST(mm_alloc, a_free_that_is_wrong_about_the_class_is_caught_and_one_that_is_right_is_not)
{
    char *object = kmalloc(1000), *large = kmalloc(20000);
    static const size_t wrong[] = {0, 1, 512, 1025, 2048, 8193, SIZE_MAX};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        claimed = wrong[i];
        KTEST_TRUE(test, is_misuse(free_claiming, object, MISUSE_WRONG_SIZE_FREE));
    }
    KTEST_EQUAL(test, kmalloc_usable(object), 1024);
    claimed = 513;
    KTEST_EQUAL(test, misuse_of(free_claiming, object).count, 0);
    KTEST_TRUE(test, is_misuse(free_claiming, object, MISUSE_DOUBLE_FREE));
    claimed = 20000;
    KTEST_EQUAL(test, misuse_of(free_claiming, large).count, 0);
    KTEST_TRUE(test, is_misuse(free_claiming, large, MISUSE_DOUBLE_FREE));
    KTEST_EQUAL(test, misuse_of(free_claiming, NULL).count, 0);
}

/* The second block is what kmalloc gives for a class that is full. */
KTEST(mm_alloc, a_free_that_is_wrong_about_the_size_of_a_block_of_the_heap_is_caught)
{
    static const size_t wrong[] = {0, 1, 8192, 19999, 20001, 20480, 1ul << 32 | 20000, SIZE_MAX};
    static const size_t other_classes[] = {0, 512, 1025, 20000};
    char *large = kmalloc(20000), *small = heap_alloc(1000);

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        claimed = wrong[i];
        KTEST_TRUE(test, is_misuse(free_claiming, large, MISUSE_WRONG_SIZE_FREE));
    }
    for (size_t i = 0; i < sizeof(other_classes) / sizeof(*other_classes); i++) {
        claimed = other_classes[i];
        KTEST_TRUE(test, is_misuse(free_claiming, small, MISUSE_WRONG_SIZE_FREE));
    }
    KTEST_TRUE(test, is_misuse(free_claiming, large + 1024, MISUSE_INTERIOR_FREE));
    claimed = 20000;
    KTEST_EQUAL(test, misuse_of(free_claiming, large).count, 0);
    claimed = 600;
    KTEST_EQUAL(test, misuse_of(free_claiming, small).count, 0);
    KTEST_TEXT(test, heap_check() ?: "sound", "sound");
}

enum { SLOTS = 200 };

static struct slot {
    unsigned char *memory;
    size_t bytes;
} slots[SLOTS];

/* The bytes at both ends of an allocation and in its middle name its slot: who shares memory with another is
 * seen. */
static void stamp(const struct slot *slot, unsigned char number)
{
    slot->memory[0] = slot->memory[slot->bytes / 2] = slot->memory[slot->bytes - 1] = number;
}

static bool is_stamped(const struct slot *slot, unsigned char number)
{
    return slot->memory[0] == number && slot->memory[slot->bytes / 2] == number &&
           slot->memory[slot->bytes - 1] == number;
}

static size_t random_size(struct rng *rng)
{
    const uint32_t shift = rng_below(rng, 16);

    return 1 + rng_below(rng, 2u << shift);
}

static void release(struct slot *slot)
{
    kfree(slot->memory);
    slot->memory = NULL;
}

KTEST(mm_alloc, a_random_walk_keeps_every_invariant_after_each_step)
{
    struct rng rng;

    rng_seed(&rng, 3);
    for (int step = 0; step < 600; step++) {
        const uint32_t at = rng_below(&rng, SLOTS);
        struct slot *slot = &slots[at];

        if (slot->memory) {
            KTEST_TRUE(test, is_stamped(slot, (unsigned char)at));
            release(slot);
        } else {
            slot->bytes = random_size(&rng);
            slot->memory = kmalloc(slot->bytes);
            KTEST_TRUE(test, slot->memory && kmalloc_usable(slot->memory) >= slot->bytes);
            stamp(slot, (unsigned char)at);
        }
        KTEST_TEXT(test, pool_check() ?: heap_check() ?: "sound", "sound");
    }
    for (int at = 0; at < SLOTS; at++)
        if (slots[at].memory) release(&slots[at]);
    KTEST_TEXT(test, pool_check() ?: heap_check() ?: "sound", "sound");
}
