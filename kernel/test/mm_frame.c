/* Tests of the frame allocator on the machine's own memory. */
#include <synos/frame.h>
#include <synos/ktest.h>
#include <synos/layout.h>
#include <synos/rng.h>
#include <synos/string.h>
#include <synos/vm.h>

enum { RUNS = 48 };

static size_t free_frames(void)
{
    struct frame_stats stats;

    frame_stats(&stats);
    return stats.free;
}

KTEST(mm_frame, a_run_is_page_aligned_ram_that_can_be_written)
{
    const size_t before = free_frames();
    const uint64_t phys = frame_alloc(3);

    KTEST_TRUE(test, phys != 0 && phys % PAGE_SIZE == 0);
    memset(phys_to_virt(phys), 0x5a, 3 * PAGE_SIZE);
    KTEST_EQUAL(test, *(unsigned char *)phys_to_virt(phys + 3 * PAGE_SIZE - 1), 0x5a);
    KTEST_EQUAL(test, free_frames(), before - 3);
    frame_free(phys, 3);
    KTEST_EQUAL(test, free_frames(), before);
    KTEST_TEXT(test, frame_check() ?: "sound", "sound");
}

KTEST(mm_frame, nothing_and_more_than_there_is_are_refused)
{
    struct frame_stats stats;

    frame_stats(&stats);
    KTEST_EQUAL(test, frame_alloc(0), 0);
    KTEST_EQUAL(test, frame_alloc(stats.total + 1), 0);
    KTEST_EQUAL(test, frame_alloc(stats.largest_free + 1), 0);
    KTEST_EQUAL(test, free_frames(), stats.free);
}

KTEST(mm_frame, the_longest_run_that_is_reported_can_be_had)
{
    struct frame_stats stats;

    frame_stats(&stats);
    const uint64_t phys = frame_alloc(stats.largest_free);
    KTEST_TRUE(test, phys != 0);
    frame_free(phys, stats.largest_free);
    KTEST_TEXT(test, frame_check() ?: "sound", "sound");
}

struct run {
    uint64_t phys;
    size_t pages;
};

/* Marks the first and last word of a run with its number, so that two runs that share a frame are seen. */
static void mark(const struct run *run, uint64_t number)
{
    *(uint64_t *)phys_to_virt(run->phys) = number;
    *(uint64_t *)phys_to_virt(run->phys + run->pages * PAGE_SIZE - 8) = number;
}

static bool is_marked(const struct run *run, uint64_t number)
{
    return *(uint64_t *)phys_to_virt(run->phys) == number &&
           *(uint64_t *)phys_to_virt(run->phys + run->pages * PAGE_SIZE - 8) == number;
}

KTEST(mm_frame, runs_of_random_lengths_never_share_a_frame)
{
    struct run runs[RUNS] = {{0, 0}};
    const size_t before = free_frames();
    struct rng rng;

    rng_seed(&rng, 2);
    for (int step = 0; step < 1500; step++) {
        const uint32_t at = rng_below(&rng, RUNS);
        struct run *run = &runs[at];

        if (run->pages != 0) {
            KTEST_TRUE(test, is_marked(run, at));
            frame_free(run->phys, run->pages);
            run->pages = 0;
        } else {
            run->pages = 1 + rng_below(&rng, rng_below(&rng, 8) == 0 ? 150 : 4);
            run->phys = frame_alloc(run->pages);
            KTEST_TRUE(test, run->phys != 0);
            mark(run, at);
        }
        if (step % 50 == 0) KTEST_TEXT(test, frame_check() ?: "sound", "sound");
    }
    for (int at = 0; at < RUNS; at++)
        if (runs[at].pages != 0) frame_free(runs[at].phys, runs[at].pages);
    KTEST_EQUAL(test, free_frames(), before);
    KTEST_TEXT(test, frame_check() ?: "sound", "sound");
}
