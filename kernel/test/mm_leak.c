/* Tests of the leak report. */
#include <synos/alloc.h>
#include <synos/ktest.h>
#include <synos/leak.h>
#include <synos/profile.h>

static struct leak_site before[LEAK_SITES], after[LEAK_SITES];

static __attribute__((noinline)) void *allocate_here(size_t bytes)
{
    void *memory = kmalloc(bytes);

    __asm__ volatile("" : "+r"(memory)); /* no tail call: the return address is in this function */
    return memory;
}

/* Bytes that places within allocate_here hold. */
static size_t held(const struct leak_site *sites, size_t count, size_t *blocks)
{
    const char *start = (const char *)(uintptr_t)allocate_here;
    size_t bytes = 0;

    *blocks = 0;
    for (size_t i = 0; i < count; i++) {
        if ((const char *)sites[i].owner < start || (const char *)sites[i].owner >= start + 128) continue;
        bytes += sites[i].bytes;
        *blocks += sites[i].blocks;
    }
    return bytes;
}

KTEST(mm_leak, what_is_not_freed_is_told_by_the_place_that_allocated_it)
{
    void *small = allocate_here(100), *second = allocate_here(100), *large = allocate_here(4096);
    size_t blocks;

    kfree(second);
    const size_t count = leak_sites(before);
    KTEST_EQUAL(test, held(before, count, &blocks), SYNOS_DEBUG ? 128 + 4096 : 0);
    KTEST_EQUAL(test, blocks, SYNOS_DEBUG ? 2 : 0);
    for (size_t i = 1; i < count; i++) KTEST_TRUE(test, before[i - 1].bytes >= before[i].bytes);
    kfree(small);
    kfree(large);
    const size_t left = leak_sites(after);
    KTEST_EQUAL(test, held(after, left, &blocks), 0);
}
