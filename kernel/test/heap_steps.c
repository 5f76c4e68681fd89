/*
 * Interrupts at every instruction of the heap's alloc and free. Each operation runs in single steps (TF),
 * which counts its instructions; at the n-th one a handler does what interrupts may do, for every n until the
 * operation ends before. Afterwards every invariant holds, and no block is handed out twice.
 */
#include <synos/heap.h>
#include <synos/ktest.h>
#include <synos/profile.h>
#include <synos/restart.h>
#include <synos/trap.h>
#include "misuse_trap.h"

#define RFLAGS_TF (1ull << 8)
#define RFLAGS_IF (1ull << 9)

/* The debug profile fills blocks with poison, an instruction for each few bytes. */
enum { BYTES = 9000, OTHER = 12000, HELD = 4, STRIDE = SYNOS_DEBUG ? 211 : 1 };

/* What the handler does; the first three at least find what the operation is about to find. */
enum disturbance { TAKE_ALL_KEPT, TAKE_AND_GIVE, JOIN_ALL_KEPT, FREE_OTHERS, DISTURBANCES, FREE_THE_SAME };

static struct {
    uint64_t steps, at; /* instructions so far; the one before which the handler works */
    enum disturbance kind;
    bool done;
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

/* An interrupt cannot come while they are off. The flag comes back where saved flags are restored. */
static void on_step(struct trap_frame *frame)
{
    if (handler.done) frame->rflags &= ~RFLAGS_TF;
    if (handler.done || handler.steps++ < handler.at || !(frame->rflags & RFLAGS_IF)) return;
    frame->rip = restart_point(frame->rip);
    frame->rflags &= ~RFLAGS_TF;
    handler.done = true;
    disturb();
}

static void *stepped_alloc(size_t bytes)
{
    void *block;

    __asm__ volatile("pushfq\n\torq %[tf], (%%rsp)\n\tpopfq\n\t"
                     "call heap_alloc\n\t"
                     "pushfq\n\tandq %[off], (%%rsp)\n\tpopfq"
                     : "=a"(block), "+D"(bytes)
                     : [tf] "i"(RFLAGS_TF), [off] "i"(~RFLAGS_TF)
                     : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
    return block;
}

static void stepped_free(void *block)
{
    __asm__ volatile("pushfq\n\torq %[tf], (%%rsp)\n\tpopfq\n\t"
                     "call heap_free\n\t"
                     "pushfq\n\tandq %[off], (%%rsp)\n\tpopfq"
                     : "+D"(block)
                     : [tf] "i"(RFLAGS_TF), [off] "i"(~RFLAGS_TF)
                     : "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
}

/* Leaves `kept` blocks for the operation to find, and the handler what it frees. */
static void prepare(enum disturbance kind, uint64_t at, size_t kept)
{
    void *blocks[HELD];

    for (size_t i = 0; i < kept; i++) blocks[i] = heap_alloc(BYTES);
    if (kind == FREE_OTHERS) hold_all(BYTES);
    heap_free(heap_alloc(OTHER)); /* what is kept by now is joined */
    for (size_t i = 0; i < kept; i++) heap_free(blocks[i]);
    handler.steps = 0;
    handler.at = at;
    handler.kind = kind;
    handler.done = false;
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
        const bool ended_before = !handler.done;
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
        const bool ended_before = !handler.done;
        KTEST_TEXT(test, heap_check() ?: "sound", "sound");
        free_held();
        KTEST_EQUAL(test, live_blocks_now(), live);
        KTEST_TEXT(test, heap_check() ?: "sound", "sound");
        if (ended_before) break;
    }
}

static void in_steps(struct ktest *test, void (*body)(struct ktest *test, enum disturbance kind, size_t kept))
{
    trap_set_debug_handler(on_step);
    for (enum disturbance kind = 0; kind < DISTURBANCES && !test->failed; kind++)
        for (size_t kept = 0; kept <= HELD && !test->failed; kept += kept == 0 ? 1 : HELD - 1)
            body(test, kind, kept);
    trap_set_debug_handler(NULL);
}

KTEST(heap_steps, an_interrupt_at_any_instruction_of_an_allocation_changes_nothing_that_it_should_not)
{
    in_steps(test, step_through_allocs);
}

KTEST(heap_steps, an_interrupt_at_any_instruction_of_a_free_changes_nothing_that_it_should_not)
{
    in_steps(test, step_through_frees);
}

static void free_in_steps(void *block)
{
    stepped_free(block);
}

KTEST(heap_steps, a_block_that_an_interrupt_frees_in_the_middle_of_its_free_is_told_once)
{
    bool in_time = true;

    trap_set_debug_handler(on_step);
    for (uint64_t at = 0; in_time && !test->failed; at += STRIDE) {
        void *block = heap_alloc(BYTES);

        prepare(FREE_THE_SAME, at, 1);
        handler.same = block;
        const struct misuse_trap got = misuse_of(free_in_steps, block);
        in_time = handler.done;
        if (in_time && (got.count != 1 || got.kind != MISUSE_DOUBLE_FREE || got.pointer != block))
            ktest_fail(test, __FILE__, __LINE__, "at step %llu: %u reports", (unsigned long long)at,
                       got.count);
        if (*(heap_check() ?: "sound") != 's') ktest_fail(test, __FILE__, __LINE__, "%s", heap_check());
    }
    trap_set_debug_handler(NULL);
}
