/*
 * The n-th allocation of a run finds no memory, for every n: nothing may leak, and nothing that was there be
 * lost. The linker sends all calls of kmalloc and heap_alloc_aligned from other files through here.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <synos/arena.h>
#include <synos/errors.h>
#include <synos/heap.h>
#include <synos/ktest.h>
#include <synos/profile.h>
#include "../../mm/pool_debug.h"
#include "../../tensor/pass.h"
#include "../live_blocks.h"

void *__real_kmalloc(size_t bytes);
void *__wrap_kmalloc(size_t bytes);
void *__real_heap_alloc_aligned(size_t bytes, size_t alignment);
void *__wrap_heap_alloc_aligned(size_t bytes, size_t alignment);

static uint64_t allocations, first_failure = UINT64_MAX;
static size_t largest = SIZE_MAX;

/* From the failing one on every allocation fails, as it would without memory. */
static bool fails(size_t bytes)
{
    return __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED) >= first_failure || bytes > largest;
}

/* These functions stand in between: the debug profile is to know who called them. */
static void *for_caller(void *memory, const void *caller)
{
    if (SYNOS_DEBUG && memory) {
        pool_set_owner(memory, caller);
        heap_set_owner(memory, caller);
    }
    return memory;
}

void *__wrap_kmalloc(size_t bytes)
{
    return fails(bytes) ? NULL : for_caller(__real_kmalloc(bytes), __builtin_return_address(0));
}

void *__wrap_heap_alloc_aligned(size_t bytes, size_t alignment)
{
    return fails(bytes)
               ? NULL
               : for_caller(__real_heap_alloc_aligned(bytes, alignment), __builtin_return_address(0));
}

static void fail_at(uint64_t number)
{
    allocations = 0;
    first_failure = number;
}

/* Two tensors; whether both are there. */
static bool tensors(void)
{
    const size_t dims[] = {100, 50};
    struct tensor first, second;
    const bool made = tensor_create(&first, TENSOR_F32, 2, dims, TENSOR_ZERO) == 0 &&
                      tensor_create(&second, TENSOR_F32, 1, dims, TENSOR_ALIGN_PAGE) == 0;

    tensor_destroy(&first);
    if (made) tensor_destroy(&second);
    return made;
}

/* Two passes of an arena that must grow twice and is merged between them. */
static bool passes(const char **broken)
{
    struct arena arena;
    bool all = true;

    if (arena_create(&arena, 4096) != 0) return false;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < 12; i++) all &= arena_alloc(&arena, 3000, i % 2 ? TENSOR_ALIGN_PAGE : 0) != NULL;
        if (!*broken) *broken = arena_check(&arena);
        arena_reset(&arena);
        if (!*broken) *broken = arena_check(&arena);
    }
    arena_destroy(&arena);
    return all;
}

KTEST(tensor_memory, a_tensor_that_finds_none_leaves_nothing_behind)
{
    const size_t live = live_blocks();
    uint64_t number = 1;

    for (;; number++) {
        fail_at(number);
        const bool made = tensors();
        fail_at(UINT64_MAX);
        KTEST_EQUAL(test, live_blocks(), live);
        if (made) break;
    }
    KTEST_EQUAL(test, number, 3);
}

KTEST(tensor_memory, an_arena_that_finds_none_stays_whole_and_leaves_nothing_behind)
{
    const size_t live = live_blocks();
    const char *broken = NULL;
    uint64_t number = 1;

    for (;; number++) {
        fail_at(number);
        const bool all = passes(&broken);
        const bool reached = allocations >= number;
        fail_at(UINT64_MAX);
        KTEST_TEXT(test, broken ?: "sound", "sound");
        KTEST_EQUAL(test, live_blocks(), live);
        if (all && !reached) break;
    }
    KTEST_TRUE(test, number > 8);
}

KTEST(tensor_memory, without_memory_to_merge_the_chunks_stay_and_hold_the_next_pass)
{
    struct arena_stats stats;
    struct arena arena;

    KTEST_EQUAL(test, arena_create(&arena, 4096), 0);
    for (int i = 0; i < 4; i++) KTEST_TRUE(test, arena_alloc(&arena, 4000, 0));
    fail_at(1);
    arena_reset(&arena);
    for (int i = 0; i < 4; i++) KTEST_TRUE(test, arena_alloc(&arena, 4000, 0));
    fail_at(UINT64_MAX);
    arena_stats(&arena, &stats);
    KTEST_EQUAL(test, stats.chunks, 3);
    arena_reset(&arena);
    arena_stats(&arena, &stats);
    KTEST_EQUAL(test, stats.chunks, 1);
    arena_destroy(&arena);
}

KTEST(tensor_memory, an_arena_that_cannot_double_takes_what_the_buffer_needs)
{
    struct arena_stats stats;
    struct arena arena;

    KTEST_EQUAL(test, arena_create(&arena, 1ul << 20), 0);
    KTEST_TRUE(test, arena_alloc(&arena, 1ul << 20, 0));
    largest = 128 << 10;
    const void *small = arena_alloc(&arena, 100000, 0), *large = arena_alloc(&arena, 200000, 0);
    largest = SIZE_MAX;
    arena_stats(&arena, &stats);
    KTEST_TRUE(test, small && !large);
    KTEST_EQUAL(test, stats.chunks, 2);
    KTEST_TRUE(test, stats.capacity < (1ul << 20) + (128 << 10));
    arena_destroy(&arena);
}

static void *take(void *owner, unsigned slot, size_t bytes)
{
    (void)owner;
    (void)slot;
    return tensor_alloc(bytes, TENSOR_ALIGN_64);
}

static void give(void *owner, void *tensor)
{
    (void)owner;
    tensor_free(tensor);
}

/* Both blocks, made and run with every tensor allocated by itself; false when one found no memory. */
static bool blocks(void)
{
    static const struct pass_memory memory = {take, give};
    static float input[64], output[64];
    const struct tensor_ops *ops = tensor_ops_best();
    struct attention attention;
    struct mlp mlp;

    if (mlp_create(&mlp, 8, 8, 12, 1) != 0) return false;
    bool all = mlp_pass(&mlp, ops, &memory, NULL, input, output) == 0;
    mlp_destroy(&mlp);
    if (attention_create(&attention, 8, 8, 2, 1) != 0) return false;
    all &= attention_pass(&attention, ops, &memory, NULL, input, output) == 0;
    attention_destroy(&attention);
    return all;
}

KTEST(tensor_memory, a_block_that_finds_none_leaves_nothing_behind)
{
    const size_t live = live_blocks();
    uint64_t number = 1;

    for (;; number++) {
        fail_at(number);
        const bool all = blocks();
        const bool reached = allocations >= number;
        fail_at(UINT64_MAX);
        KTEST_EQUAL(test, live_blocks(), live);
        KTEST_EQUAL(test, all, !reached);
        if (all) break;
    }
    KTEST_EQUAL(test, number - 1,
                6 + 4 + 10 + 12); /* weights and tensors of the perceptron, then of attention */
}
