/* Tests of arenas: what they hand out, how they grow and merge, scopes, and misuse. */
#include <stdbool.h>
#include <synos/arena.h>
#include <synos/errors.h>
#include <synos/ktest.h>
#include <synos/layout.h>
#include <synos/profile.h>
#include <synos/string.h>
#include "live_blocks.h"
#include "misuse_trap.h"

#define SOUND(test, arena) KTEST_TEXT(test, arena_check(arena) ?: "sound", "sound")

static struct arena_stats stats_of(const struct arena *arena)
{
    struct arena_stats stats;

    arena_stats(arena, &stats);
    return stats;
}

KTEST(tensor_arena, buffers_follow_each_other_at_multiples_of_64)
{
    struct arena arena;

    KTEST_EQUAL(test, arena_create(&arena, 16384), 0);
    char *first = arena_alloc(&arena, 1, TENSOR_ALIGN_64), *second = arena_alloc(&arena, 64, TENSOR_ALIGN_64),
         *third = arena_alloc(&arena, 65, TENSOR_ALIGN_64), *fourth = arena_alloc(&arena, 4096, 0);
    KTEST_EQUAL(test, (uintptr_t)first % PAGE_SIZE, 0);
    KTEST_EQUAL(test, second - first, 64);
    KTEST_EQUAL(test, third - second, 64);
    KTEST_EQUAL(test, fourth - third, 128);
    KTEST_EQUAL(test, stats_of(&arena).used, 256 + 4096);
    SOUND(test, &arena);
    arena_destroy(&arena);
}

KTEST(tensor_arena, pages_and_zeroes_come_on_request)
{
    struct arena arena;

    KTEST_EQUAL(test, arena_create(&arena, 32768), 0);
    memset(arena_alloc(&arena, 32768, 0), 0xff, 32768);
    arena_reset(&arena);
    arena_alloc(&arena, 10, 0);
    unsigned char *page = arena_alloc(&arena, 100, TENSOR_ALIGN_PAGE | TENSOR_ZERO);
    KTEST_EQUAL(test, (uintptr_t)page % PAGE_SIZE, 0);
    for (int i = 0; i < 100; i++) KTEST_EQUAL(test, page[i], 0);
    KTEST_EQUAL(test, stats_of(&arena).used, 4096 + 128);
    arena_destroy(&arena);
}

KTEST(tensor_arena, a_chunk_is_used_to_its_last_byte_and_no_further)
{
    struct arena arena;

    KTEST_EQUAL(test, arena_create(&arena, 8192), 0);
    char *whole = arena_alloc(&arena, 8192, 0);
    KTEST_TRUE(test, whole);
    KTEST_EQUAL(test, stats_of(&arena).growths, 0);
    char *more = arena_alloc(&arena, 1, 0);
    KTEST_TRUE(test, more && (more < whole || more >= whole + 8192));
    KTEST_EQUAL(test, stats_of(&arena).growths, 1);
    SOUND(test, &arena);
    arena_destroy(&arena);
}

KTEST(tensor_arena, nothing_too_much_and_unknown_flags_are_refused)
{
    struct arena arena;

    KTEST_EQUAL(test, arena_create(&arena, SIZE_MAX), ERR_NO_MEMORY);
    KTEST_EQUAL(test, arena_create(&arena, 0), 0);
    for (unsigned flags = 0; flags < 4; flags++) {
        KTEST_TRUE(test, arena_alloc(&arena, 0, flags) == NULL);
        for (size_t less = 0; less < 130; less++)
            KTEST_TRUE(test, arena_alloc(&arena, SIZE_MAX - less, flags) == NULL);
    }
    KTEST_TRUE(test, arena_alloc(&arena, 64, 4) == NULL);
    KTEST_EQUAL(test, stats_of(&arena).used, 0);
    KTEST_EQUAL(test, stats_of(&arena).capacity, 4096);
    SOUND(test, &arena);
    arena_destroy(&arena);
    KTEST_TRUE(test, arena_alloc(&arena, 64, 0) == NULL);
}

/* A pass with pages between small buffers: the worst for what one chunk must hold in place of several. */
static bool pass(struct arena *arena)
{
    static const unsigned flags[] = {TENSOR_ALIGN_64, TENSOR_ALIGN_PAGE, TENSOR_ALIGN_64};

    for (size_t i = 0; i < 60; i++) {
        const size_t bytes = 1 + i * 37 % 6000;
        char *data = arena_alloc(arena, bytes, flags[i % 3]);

        if (!data) return false;
        memset(data, (int)i, bytes);
    }
    return true;
}

KTEST(tensor_arena, a_pass_that_grew_makes_one_chunk_that_the_next_fits_into)
{
    struct arena arena;

    for (size_t capacity = 0; capacity < 200000; capacity += 5000) {
        KTEST_EQUAL(test, arena_create(&arena, capacity), 0);
        KTEST_TRUE(test, pass(&arena));
        SOUND(test, &arena);
        const struct arena_stats grown = stats_of(&arena);
        arena_reset(&arena);
        SOUND(test, &arena);
        KTEST_EQUAL(test, stats_of(&arena).chunks, 1);
        KTEST_TRUE(test, grown.chunks == 1 || stats_of(&arena).capacity < grown.peak + 8192);
        KTEST_TRUE(test, pass(&arena));
        KTEST_EQUAL(test, stats_of(&arena).growths, grown.growths);
        KTEST_TRUE(test, stats_of(&arena).peak == grown.peak);
        arena_destroy(&arena);
    }
}

KTEST(tensor_arena, growths_are_few_since_each_doubles)
{
    struct arena arena;

    KTEST_EQUAL(test, arena_create(&arena, 4096), 0);
    for (int i = 0; i < 256; i++) KTEST_TRUE(test, arena_alloc(&arena, 4096, 0));
    KTEST_EQUAL(test, stats_of(&arena).growths, 8);
    arena_destroy(&arena);
}

KTEST(tensor_arena, a_reset_hands_out_the_same_memory_again)
{
    struct arena arena;

    KTEST_EQUAL(test, arena_create(&arena, 10000), 0);
    const void *first = arena_alloc(&arena, 100, 0), *second = arena_alloc(&arena, 200, 0);
    const size_t live = live_blocks();
    for (int i = 0; i < 5; i++) {
        arena_reset(&arena);
        KTEST_EQUAL(test, stats_of(&arena).used, 0);
        KTEST_TRUE(test, arena_alloc(&arena, 100, 0) == first && arena_alloc(&arena, 200, 0) == second);
    }
    KTEST_EQUAL(test, live_blocks(), live);
    KTEST_EQUAL(test, stats_of(&arena).resets, 5);
    arena_destroy(&arena);
}

KTEST(tensor_arena, scopes_nest_and_give_back_what_is_inside)
{
    struct arena arena;

    KTEST_EQUAL(test, arena_create(&arena, 4096), 0);
    char *kept = arena_alloc(&arena, 1000, 0);
    memset(kept, 7, 1000);
    const struct arena_mark outer = arena_mark(&arena);
    const void *inside = arena_alloc(&arena, 500, 0);
    const struct arena_mark inner = arena_mark(&arena);
    KTEST_TRUE(test, arena_alloc(&arena, 20000, 0)); /* another chunk */
    KTEST_EQUAL(test, stats_of(&arena).chunks, 2);
    arena_release(&arena, inner);
    SOUND(test, &arena);
    KTEST_EQUAL(test, stats_of(&arena).used, 1024 + 512);
    KTEST_TRUE(test, arena_alloc(&arena, 20000, 0)); /* the chunk is still there */
    KTEST_EQUAL(test, stats_of(&arena).chunks, 2);
    arena_release(&arena, outer);
    KTEST_TRUE(test, arena_alloc(&arena, 500, 0) == inside);
    KTEST_TRUE(test, stats_of(&arena).peak >= 21536 && stats_of(&arena).used == 1536);
    for (int i = 0; i < 1000; i++) KTEST_EQUAL(test, kept[i], 7);
    SOUND(test, &arena);
    arena_destroy(&arena);
}

static struct arena misused;
static struct arena_mark mark;

static void release(void *ignored)
{
    (void)ignored;
    arena_release(&misused, mark);
}

static void destroy(void *arena)
{
    arena_destroy(arena);
}

KTEST(tensor_arena, a_mark_that_is_void_is_caught_and_does_nothing)
{
    KTEST_EQUAL(test, arena_create(&misused, 8192), 0);
    mark = arena_mark(&misused);
    arena_release(&misused, mark);
    KTEST_EQUAL(test, misuse_of(release, NULL).kind, MISUSE_DOUBLE_FREE);
    const struct arena_mark outer = arena_mark(&misused);
    arena_alloc(&misused, 64, 0);
    mark = arena_mark(&misused);
    arena_release(&misused, outer); /* releases the inner one, too */
    KTEST_EQUAL(test, misuse_of(release, NULL).count, 1);
    KTEST_EQUAL(test, stats_of(&misused).used, 0);
    mark = arena_mark(&misused);
    arena_reset(&misused);
    KTEST_EQUAL(test, misuse_of(release, NULL).count, 1);
    arena_destroy(&misused);
    KTEST_EQUAL(test, misuse_of(release, NULL).count, 1);
}

KTEST(tensor_arena, destroying_twice_is_caught_and_frees_nothing)
{
    const size_t live = live_blocks();

    KTEST_EQUAL(test, arena_create(&misused, 8192), 0);
    KTEST_TRUE(test, arena_alloc(&misused, 100000, 0));
    KTEST_TRUE(test, live_blocks() > live);
    arena_destroy(&misused);
    KTEST_EQUAL(test, live_blocks(), live);
    const struct misuse_trap trap = misuse_of(destroy, &misused);
    KTEST_TRUE(test, trap.count == 1 && trap.kind == MISUSE_DOUBLE_FREE && trap.pointer == &misused);
    memset(&misused, 0, sizeof(misused));
    KTEST_EQUAL(test, misuse_of(destroy, &misused).kind, MISUSE_FOREIGN_FREE);
    KTEST_EQUAL(test, live_blocks(), live);
}

static void alloc_200(void *arena)
{
    arena_alloc(arena, 200, 0);
}

KTEST(tensor_arena, the_debug_profile_poisons_what_is_given_back_and_tells_a_write_to_it)
{
    KTEST_EQUAL(test, arena_create(&misused, 8192), 0);
    unsigned char *data = arena_alloc(&misused, 200, 0);
    memset(data, 1, 200);
    arena_reset(&misused);
    KTEST_EQUAL(test, data[0] == 1 && data[199] == 1, !SYNOS_DEBUG);
    KTEST_EQUAL(test, misuse_of(alloc_200, &misused).count, 0);
    arena_reset(&misused);
    data[150] = 2;
    const struct misuse_trap trap = misuse_of(alloc_200, &misused);
    KTEST_EQUAL(test, trap.count, SYNOS_DEBUG);
    KTEST_TRUE(test, !SYNOS_DEBUG || (trap.kind == MISUSE_WRITE_AFTER_FREE && trap.pointer == data));
    arena_destroy(&misused);
}
