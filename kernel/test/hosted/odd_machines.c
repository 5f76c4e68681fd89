/* Frames on memory maps that firmware has been seen to make up, and every bad free of a frame: these panic,
 * so they run only here. */
#include <synos/frame.h>
#include <synos/ktest.h>
#include <synos/layout.h>
#include <synos/string.h>
#include "shim.h"

static size_t free_frames(void)
{
    struct frame_stats stats;

    frame_stats(&stats);
    return stats.free;
}

/* Takes every frame one by one; returns how many, and whether all lie in [base, end). */
static size_t take_all(uint64_t base, uint64_t end, bool *inside)
{
    size_t count = 0;

    *inside = true;
    for (uint64_t phys; (phys = frame_alloc(1)) != 0; count++)
        *inside &= phys >= base && phys + PAGE_SIZE <= end;
    return count;
}

KTEST(mm_machines, only_whole_frames_of_ram_are_handed_out)
{
    const struct mem_region map[] = {{0x1800, 0x100000, MEM_RAM}};
    bool inside;

    frame_init(map, 1, NULL, 0);
    const size_t free = free_frames();
    KTEST_TRUE(test, free >= 0xfb && free < 0xff); /* 0x2000 .. 0x101000, less the bitmaps */
    KTEST_EQUAL(test, take_all(0x2000, 0x101000, &inside), free);
    KTEST_TRUE(test, inside);
    KTEST_TEXT(test, frame_check() ?: "sound", "sound");
}

KTEST(mm_machines, reserved_ranges_win_wherever_they_overlap_ram)
{
    const struct mem_region map[] = {{0, 0x400000, MEM_RAM}, {0x3ff800, 0x10000, MEM_ACPI}};
    const struct mem_region reserved[] = {
        {0, 0x100000, MEM_RESERVED}, {0x200001, 1, MEM_RESERVED}, {0x80000, 0x180000, 0}};
    bool inside;

    frame_init(map, 2, reserved, 3);
    const size_t free = free_frames();
    KTEST_EQUAL(test, take_all(0x201000, 0x3ff000, &inside), free);
    KTEST_TRUE(test, inside);
    KTEST_EQUAL(test, free, 0x3ff - 0x201 - 1); /* the bitmaps of 4 MiB fit into one frame */
}

KTEST(mm_machines, ram_in_pieces_makes_no_run_across_a_gap)
{
    const struct mem_region map[] = {{0x100000, 0x10000, MEM_RAM}, {0x200000, 0x20000, MEM_RAM}};
    struct frame_stats stats;

    frame_init(map, 2, NULL, 0);
    frame_stats(&stats);
    KTEST_EQUAL(test, stats.largest_free, 0x20);
    KTEST_EQUAL(test, frame_alloc(0x21), 0);
    KTEST_EQUAL(test, frame_alloc(0x20), 0x200000);
    KTEST_TRUE(test, frame_alloc(0xf) != 0);
    KTEST_EQUAL(test, free_frames(), 0);
}

KTEST(mm_machines, without_ram_the_kernel_says_so)
{
    const struct mem_region none[] = {{0x100000, 0x10000, MEM_RESERVED}};
    const struct mem_region small[] = {{0x1000, 0x1000, MEM_RAM}};

    KTEST_TRUE(test, SHIM_PANICS("no run of RAM", frame_init(small, 1, small, 1)));
    KTEST_TRUE(test, SHIM_PANICS("no run of RAM", frame_init(none, 1, NULL, 0)));
}

KTEST(mm_machines, every_bad_free_of_a_frame_panics)
{
    shim_init_frames();
    const uint64_t run = frame_alloc(4), next = frame_alloc(2);

    KTEST_EQUAL(test, next, run + 4 * PAGE_SIZE);
    KTEST_TRUE(test, SHIM_PANICS("bad free", frame_free(run, 3)));
    KTEST_TRUE(test, SHIM_PANICS("bad free", frame_free(run, 5)));
    KTEST_TRUE(test, SHIM_PANICS("bad free", frame_free(run, 6)));
    KTEST_TRUE(test, SHIM_PANICS("bad free", frame_free(run, 0)));
    KTEST_TRUE(test, SHIM_PANICS("bad free", frame_free(run + PAGE_SIZE, 1)));
    KTEST_TRUE(test, SHIM_PANICS("bad free", frame_free(run + 1, 4)));
    KTEST_TRUE(test, SHIM_PANICS("bad free", frame_free(0, 1)));
    KTEST_TRUE(test, SHIM_PANICS("bad free", frame_free(0x1000, 1)));
    KTEST_TRUE(test, SHIM_PANICS("bad free", frame_free(1ull << 60, 1)));
    frame_free(run, 4);
    KTEST_TRUE(test, SHIM_PANICS("bad free", frame_free(run, 4)));
    frame_free(next, 2);
    KTEST_TEXT(test, frame_check() ?: "sound", "sound");
}
