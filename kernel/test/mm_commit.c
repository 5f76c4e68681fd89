/* Tests of the door that frames for pools and heap go through. */
#include <synos/alloc.h>
#include <synos/ktest.h>
#include <synos/layout.h>
#include "../mm/commit.h"

KTEST(mm_commit, what_is_held_is_counted_frame_by_frame)
{
    const size_t before = kmem_committed();
    const uint64_t first = commit_frame(), second = commit_frame();

    KTEST_TRUE(test, first != 0 && second != 0 && first != second);
    KTEST_EQUAL(test, kmem_committed(), before + 2 * PAGE_SIZE);
    uncommit_frame(first);
    uncommit_frame(second);
    KTEST_EQUAL(test, kmem_committed(), before);
}

KTEST(mm_commit, the_limit_is_reached_exactly_and_a_refused_frame_counts_for_nothing)
{
    const size_t before = kmem_committed();

    kmem_limit(before + PAGE_SIZE);
    const uint64_t last = commit_frame(), none = commit_frame();
    kmem_limit(SIZE_MAX);
    KTEST_TRUE(test, last != 0);
    KTEST_EQUAL(test, none, 0);
    KTEST_EQUAL(test, kmem_committed(), before + PAGE_SIZE);
    uncommit_frame(last);
    KTEST_EQUAL(test, kmem_committed(), before);
}

KTEST(mm_commit, a_limit_below_what_is_held_takes_nothing_away)
{
    const uint64_t held = commit_frame();

    kmem_limit(0);
    KTEST_EQUAL(test, commit_frame(), 0);
    uncommit_frame(held);
    kmem_limit(SIZE_MAX);
    const uint64_t again = commit_frame();
    KTEST_TRUE(test, again != 0);
    uncommit_frame(again);
}

KTEST(mm_commit, the_room_is_what_the_limit_and_the_frames_leave)
{
    const size_t free = commit_room();
    const uint64_t held = commit_frame();

    KTEST_EQUAL(test, commit_room(), free - 1);
    kmem_limit(kmem_committed() + 3 * PAGE_SIZE);
    KTEST_EQUAL(test, commit_room(), 3);
    kmem_limit(0);
    KTEST_EQUAL(test, commit_room(), 0);
    kmem_limit(SIZE_MAX);
    uncommit_frame(held);
    KTEST_EQUAL(test, commit_room(), free);
}
