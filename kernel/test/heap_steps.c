/*
 * Interrupts at every instruction of the heap's alloc and free. Each operation runs in single steps (TF),
 * which counts its instructions; at the n-th one a handler does what interrupts may do, for every n until the
 * operation ends before. Afterwards every invariant holds, and no block is handed out twice.
 */
#include <synos/heap.h>
#include <synos/ktest.h>
#include <synos/profile.h>
#include "misuse_trap.h"
#include "steps.h"

/* The debug profile fills blocks with poison, an instruction for each few bytes. */
enum { BYTES = 9000, OTHER = 12000, HELD = 4, STRIDE = SYNOS_DEBUG ? 211 : 1 };

/* What the handler does; the first three at least find what the operation is about to find. */
enum disturbance { TAKE_ALL_KEPT, TAKE_AND_GIVE, JOIN_ALL_KEPT, FREE_OTHERS, DISTURBANCES, FREE_THE_SAME };

static struct {
    enum disturbance kind;
    void *held[HELD]; /* what it allocates and keeps, or frees */
    void *same;       /* what the operation frees */
} handler;

static void hold_all(size_t bytes)
{
    for (size_t i = 0; i < HELD; i++) handler.held[i] = heap_alloc(bytes);
}

static void free_held(void)
{
    for (size_t i = 0; i < HELD; i++) {
        if (handler.held[i]) heap_free(handler.held[i]);
        handler.held[i] = NULL;
    }
}

static void disturb(void)
{
    switch (handler.kind) {
    case TAKE_ALL_KEPT: hold_all(BYTES); break;
    case TAKE_AND_GIVE:
        hold_all(BYTES);
        free_held();
        break;
    case JOIN_ALL_KEPT: heap_free(heap_alloc(OTHER)); break;
    case FREE_OTHERS: free_held(); break;
    case FREE_THE_SAME: heap_free(handler.same); break;
    case DISTURBANCES: break;
    }
}

static void *stepped_alloc(size_t bytes)
{
    return (void *)step_through(heap_alloc, bytes);
}

static void stepped_free(void *block)
{
    step_through(heap_free, (uintptr_t)block);
}

/* Leaves `kept` blocks for the operation to find, and the handler what it frees. */
static void prepare(enum disturbance kind, uint64_t at, size_t kept)
{
    void *blocks[HELD];

    for (size_t i = 0; i < kept; i++) blocks[i] = heap_alloc(BYTES);
    if (kind == FREE_OTHERS) hold_all(BYTES);
    heap_free(heap_alloc(OTHER)); /* what is kept by now is joined */
    for (size_t i = 0; i < kept; i++) heap_free(blocks[i]);
    handler.kind = kind;
    steps_disturb_at(at);
}

static bool is_held(const void *block)
{
    for (size_t i = 0; i < HELD; i++)
        if (handler.held[i] == block) return true;
    return false;
}

static size_t live_blocks_now(void)
{
    struct heap_stats stats;

    heap_stats(&stats);
    return stats.live_blocks;
}

static void step_through_allocs(struct ktest *test, enum disturbance kind, size_t kept)
{
    for (uint64_t at = 0;; at += STRIDE) {
        const size_t live = live_blocks_now();

        prepare(kind, at, kept);
        void *block = stepped_alloc(BYTES);
        const bool ended_before = !steps_were_disturbed();
        KTEST_TRUE(test, block && !is_held(block));
        KTEST_EQUAL(test, heap_usable(block), 9 * HEAP_UNIT);
        KTEST_TEXT(test, heap_check() ?: "sound", "sound");
        heap_free(block);
        free_held();
        KTEST_EQUAL(test, live_blocks_now(), live);
        KTEST_TEXT(test, heap_check() ?: "sound", "sound");
        if (ended_before) break;
    }
}

static void step_through_frees(struct ktest *test, enum disturbance kind, size_t kept)
{
    for (uint64_t at = 0;; at += STRIDE) {
        const size_t live = live_blocks_now();
        void *block = heap_alloc(BYTES);

        prepare(kind, at, kept);
        stepped_free(block);
        const bool ended_before = !steps_were_disturbed();
        KTEST_TEXT(test, heap_check() ?: "sound", "sound");
        free_held();
        KTEST_EQUAL(test, live_blocks_now(), live);
        KTEST_TEXT(test, heap_check() ?: "sound", "sound");
        if (ended_before) break;
    }
}

static void in_steps(struct ktest *test, void (*body)(struct ktest *test, enum disturbance kind, size_t kept))
{
    steps_to(disturb);
    for (enum disturbance kind = 0; kind < DISTURBANCES && !test->failed; kind++)
        for (size_t kept = 0; kept <= HELD && !test->failed; kept += kept == 0 ? 1 : HELD - 1)
            body(test, kind, kept);
    steps_to(NULL);
}

KTEST(heap_steps, an_interrupt_at_any_instruction_of_an_allocation_changes_nothing_that_it_should_not)
{
    in_steps(test, step_through_allocs);
}

KTEST(heap_steps, an_interrupt_at_any_instruction_of_a_free_changes_nothing_that_it_should_not)
{
    in_steps(test, step_through_frees);
}

KTEST(heap_steps, a_block_that_an_interrupt_frees_in_the_middle_of_its_free_is_told_once)
{
    bool in_time = true;

    steps_to(disturb);
    for (uint64_t at = 0; in_time && !test->failed; at += STRIDE) {
        void *block = heap_alloc(BYTES);

        prepare(FREE_THE_SAME, at, 1);
        handler.same = block;
        const struct misuse_trap got = misuse_of(stepped_free, block);
        in_time = steps_were_disturbed();
        if (in_time && (got.count != 1 || got.kind != MISUSE_DOUBLE_FREE || got.pointer != block))
            ktest_fail(test, __FILE__, __LINE__, "at step %llu: %u reports", (unsigned long long)at,
                       got.count);
        if (*(heap_check() ?: "sound") != 's') ktest_fail(test, __FILE__, __LINE__, "%s", heap_check());
    }
    steps_to(NULL);
}
