/*
 * Interrupts at every instruction of alloc and free. Each operation runs in single steps (TF), which counts
 * its instructions; at the n-th one a handler does what interrupts may do, for every n until the operation
 * ends before. What the operation got and what the handler got must be different objects, every time,
 * whatever was in the cache.
 */
#include <synos/alloc.h>
#include <synos/ktest.h>
#include <synos/pool.h>
#include <synos/profile.h>
#include "live_blocks.h"
#include "misuse_trap.h"
#include "steps.h"

/* The debug profile's poison makes hundreds of instructions of each operation, by the size: some of them and
 * small objects must do there. */
enum { HELD = 80, RESERVE = 70, STRIDE = SYNOS_DEBUG ? 61 : 1 };

/* What the handler does. */
enum disturbance {
    ALLOC_ONE,
    FREE_ONE,
    ALLOC_TWO_FREE_BOTH,
    EMPTY_THE_CACHE,
    FILL_THE_CACHE,
    DISTURBANCES,
    FREE_THE_SAME
};

static struct {
    enum disturbance kind;
    size_t bytes;
    void *held[HELD]; /* what it allocated and keeps */
    size_t held_count;
    void *reserve[RESERVE]; /* what it may free */
    size_t reserve_count;
    void *same; /* what the operation frees */
} handler;

static void hold(size_t count)
{
    while (count-- > 0) handler.held[handler.held_count++] = kmalloc(handler.bytes);
}

static void free_reserve(size_t count)
{
    while (count-- > 0 && handler.reserve_count > 0) kfree(handler.reserve[--handler.reserve_count]);
}

static void disturb(void)
{
    switch (handler.kind) {
    case ALLOC_ONE: hold(1); break;
    case FREE_ONE: free_reserve(1); break;
    case ALLOC_TWO_FREE_BOTH: { /* what lies on top is another than before */
        void *first = kmalloc(handler.bytes), *second = kmalloc(handler.bytes);

        kfree(first);
        kfree(second);
        break;
    }
    case EMPTY_THE_CACHE: hold(HELD); break;
    case FILL_THE_CACHE: free_reserve(RESERVE); break;
    case FREE_THE_SAME: kfree(handler.same); break;
    case DISTURBANCES: break;
    }
}

static void *stepped_alloc(size_t bytes)
{
    return (void *)step_through(kmalloc, bytes);
}

static void stepped_free(void *object)
{
    step_through(kfree, (uintptr_t)object);
}

/* Leaves `cached` objects in the cache, as near as its batches allow, and the handler's reserve allocated. */
static void prepare(size_t cached)
{
    void *objects[64];

    handler.reserve_count = handler.held_count = 0;
    while (handler.reserve_count < RESERVE) handler.reserve[handler.reserve_count++] = kmalloc(handler.bytes);
    for (size_t i = 0; i < cached; i++) objects[i] = kmalloc(handler.bytes);
    pool_drain();
    for (size_t i = 0; i < cached; i++) kfree(objects[i]);
}

/* Whether the handler holds it, or another object twice. */
static bool is_held(const void *object)
{
    bool found = false;

    for (size_t i = 0; i < handler.held_count; i++) {
        found |= handler.held[i] == object;
        for (size_t j = 0; j < i; j++) found |= handler.held[i] == handler.held[j];
    }
    return found;
}

static void clean_up(void)
{
    while (handler.held_count > 0) kfree(handler.held[--handler.held_count]);
    free_reserve(RESERVE);
}

/* One alloc and one free with the handler before instruction `at` of one of them; false when something is
 * wrong. */
static bool disturbed_at(uint64_t at, bool in_free, size_t cached)
{
    prepare(cached);
    steps_disturb_at(at);
    void *object = in_free ? kmalloc(handler.bytes) : stepped_alloc(handler.bytes);
    const bool distinct = object && !is_held(object) && kmalloc_usable(object) >= handler.bytes;
    if (in_free)
        stepped_free(object);
    else
        kfree(object);
    const bool freed = is_held(object) || kmalloc_usable(object) == 0; // NOLINT(clang-analyzer-unix.Malloc)
    clean_up();
    return distinct && freed;
}

/* All instructions of the operation, all disturbances; returns how many instructions it had, or 0 when
 * something was wrong. */
static uint64_t sweep(bool in_free, size_t cached)
{
    uint64_t instructions = 0;

    for (int kind = 0; kind < DISTURBANCES; kind++) {
        bool in_time = true;

        handler.kind = (enum disturbance)kind;
        for (uint64_t at = 0; in_time; at += STRIDE) {
            if (!disturbed_at(at, in_free, cached)) return 0;
            in_time = steps_were_disturbed();
            if (at > instructions) instructions = at;
        }
    }
    return instructions;
}

static void test_size(struct ktest *test, size_t bytes)
{
    static const unsigned char caches[] = {0, 1, 2, 31, 62, 63};
    const int64_t live = live_objects();

    handler.bytes = bytes;
    steps_to(disturb);
    for (size_t i = 0; i < sizeof(caches); i++)
        for (int in_free = 0; in_free < 2; in_free++) KTEST_TRUE(test, sweep(in_free, caches[i]) >= 10);
    steps_to(NULL);
    KTEST_EQUAL(test, live_objects(), live);
    KTEST_TEXT(test, pool_check() ?: "sound", "sound");
}

KTEST(pool_steps, an_interrupt_at_any_instruction_of_the_smallest_class)
{
    test_size(test, 64);
}

KTEST(pool_steps, an_interrupt_at_any_instruction_of_a_larger_class)
{
    test_size(test, SYNOS_DEBUG ? 128 : 4096);
}

/* Two frees of one object, the second in an interrupt of the first: exactly one is refused, wherever it
 * comes. */
KTEST(pool_steps, a_double_free_in_an_interrupt_of_the_free_is_caught)
{
    bool in_time = true;

    handler.bytes = 256;
    handler.kind = FREE_THE_SAME;
    steps_to(disturb);
    for (uint64_t at = 0; in_time; at += STRIDE) {
        handler.same = kmalloc(256);
        steps_disturb_at(at);
        const struct misuse_trap trap = misuse_of(stepped_free, handler.same);
        in_time = steps_were_disturbed();
        KTEST_EQUAL(test, trap.count, in_time);
        KTEST_TRUE(test, trap.count == 0 || trap.kind == MISUSE_DOUBLE_FREE);
        KTEST_TEXT(test, pool_check() ?: "sound", "sound");
    }
    steps_to(NULL);
}

/* The interrupt of a double free gets the object: the free either gives back what is live again, or is told
 * as what it was when it was refused. */
KTEST(pool_steps, a_double_free_is_told_as_that_when_an_interrupt_allocates_the_object_meanwhile)
{
    bool in_time = true;

    handler.bytes = 256;
    handler.kind = ALLOC_ONE;
    steps_to(disturb);
    for (uint64_t at = 0; in_time; at += STRIDE) {
        void *object = kmalloc(256);

        handler.held_count = 0;
        kfree(object);
        steps_disturb_at(at);
        const struct misuse_trap trap =
            misuse_of(stepped_free, object); // NOLINT(clang-analyzer-unix.Malloc): on purpose
        in_time = steps_were_disturbed();
        KTEST_TRUE(test, trap.count == 0 || trap.kind == MISUSE_DOUBLE_FREE);
        KTEST_TRUE(test, trap.count == 1 || handler.held_count == 1);
        if (trap.count == 1 && handler.held_count == 1) kfree(handler.held[0]);
        KTEST_TEXT(test, pool_check() ?: "sound", "sound");
    }
    steps_to(NULL);
}
