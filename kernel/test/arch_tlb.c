/* Tests of page tables and frames under all CPUs at once: what one unmaps, none may see any more. */
#include <synos/frame.h>
#include <synos/irq.h>
#include <synos/ktest.h>
#include <synos/percpu.h>
#include <synos/smp.h>
#include <synos/spinlock.h>
#include <synos/string.h>
#include <synos/trap.h>
#include <synos/vm.h>

/* Behind the last stack slot, as in arch_paging.c; a stretch of 128 pages for each CPU. */
#define SCRATCH (STACK_BASE + STACK_SLOTS * STACK_SLOT_PAGES * PAGE_SIZE)

enum { STRETCH = 128, ROUNDS = 20, FRAMES = 24 };

/* As in arch_smp.c. */
static int rounds(void)
{
    const int each = ROUNDS / (int)cpu_count();
    return each > 0 ? each : 1;
}

static struct smp_barrier barrier;
static struct spinlock lock;
static unsigned wrong; /* things that were not as they must be */

static void note(bool right)
{
    if (!right) __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
}

static char *stretch_of(unsigned index)
{
    return (char *)SCRATCH + (uint64_t)index * STRETCH * PAGE_SIZE;
}

static void read_byte(void *address)
{
    (void)*(volatile char *)address;
}

static bool faults(char *address)
{
    uint64_t at = 0;
    return trap_catch(read_byte, address, &at) == TRAP_PAGE_FAULT && at == (uint64_t)address;
}

static void start(void)
{
    barrier = (struct smp_barrier){.members = cpu_count()};
    wrong = 0;
}

/* CPU 0 maps and unmaps, all look; `pages` decides whether single pages are flushed or everything. */
static void watch_one_cpu_unmap(void *argument)
{
    const size_t pages = *(const size_t *)argument;
    const bool first = this_cpu()->index == 0;
    char *last = stretch_of(0) + (pages - 1) * PAGE_SIZE;
    for (int round = 0; round < rounds(); round++) {
        const uint64_t frames = first ? frame_alloc(pages) : 0;
        if (first) {
            *(char *)phys_to_virt(frames + (pages - 1) * PAGE_SIZE) = (char)round;
            note(vm_map(stretch_of(0), frames, pages, VM_READ) == 0);
        }
        smp_barrier_wait(&barrier);
        note(*(volatile char *)last == (char)round);
        smp_barrier_wait(&barrier);
        if (first) vm_unmap(stretch_of(0), pages);
        smp_barrier_wait(&barrier);
        note(faults(last));
        smp_barrier_wait(&barrier);
        if (first) frame_free(frames, pages);
    }
}

KTEST(arch_tlb, a_page_that_one_cpu_unmapped_faults_on_all)
{
    size_t pages = 1;
    start();
    smp_run(SMP_ALL, watch_one_cpu_unmap, &pages);
    KTEST_EQUAL(test, wrong, 0);
}

KTEST(arch_tlb, many_pages_at_once_are_gone_everywhere_too)
{
    size_t pages = STRETCH;
    start();
    smp_run(SMP_ALL, watch_one_cpu_unmap, &pages);
    KTEST_EQUAL(test, wrong, 0);
}

/* Every CPU maps, uses and unmaps its own stretch, half of the time with interrupts off. */
static void map_and_unmap(void *argument)
{
    (void)argument;
    const unsigned index = this_cpu()->index;
    volatile char *mine = stretch_of(index);
    for (int round = 0; round < rounds(); round++) {
        const uint64_t frame = frame_alloc(1);
        const bool masked = (round + (int)index) % 2 == 0;
        note(vm_map((void *)mine, frame, 1, VM_READ | VM_WRITE) == 0);
        *mine = (char)index;
        note(*(char *)phys_to_virt(frame) == (char)index);
        if (masked) irq_disable();
        vm_unmap((void *)mine, 1);
        if (masked) irq_enable();
        note(vm_query((void *)mine) == 0);
        frame_free(frame, 1);
    }
}

KTEST(arch_tlb, all_cpus_unmap_at_once_and_none_waits_for_ever)
{
    start();
    smp_run(SMP_ALL, map_and_unmap, NULL);
    KTEST_EQUAL(test, wrong, 0);
    KTEST_TEXT(test, frame_check() ?: "sound", "sound");
}

/* The holder needs the others to flush while they wait for it, with interrupts off. */
static void unmap_under_a_lock(void *argument)
{
    (void)argument;
    for (int round = 0; round < rounds(); round++) {
        const uint64_t flags = spin_lock(&lock);
        const uint64_t frame = frame_alloc(1);
        note(vm_map(stretch_of(0), frame, 1, VM_READ) == 0);
        vm_unmap(stretch_of(0), 1);
        frame_free(frame, 1);
        spin_unlock(&lock, flags);
    }
}

KTEST(arch_tlb, a_lock_may_be_held_over_an_unmapping)
{
    start();
    smp_run(SMP_ALL, unmap_under_a_lock, NULL);
    KTEST_EQUAL(test, wrong, 0);
}

/* Each round a table that is not there yet, and a page of it for each CPU. */
static void need_the_same_table(void *argument)
{
    const uint64_t frame = *(const uint64_t *)argument;
    for (int round = 1; round <= ROUNDS; round++) {
        const uint64_t table_span = 512 * PAGE_SIZE;
        char *page = stretch_of(CPUS_MAX) + round * table_span + this_cpu()->index * PAGE_SIZE;
        smp_barrier_wait(&barrier);
        note(vm_map(page, frame, 1, VM_READ) == 0);
        smp_barrier_wait(&barrier);
        note(vm_query(page) == VM_READ);
    }
}

static void unmap_the_same_table(void)
{
    for (uint64_t round = 1; round <= ROUNDS; round++)
        vm_unmap(stretch_of(CPUS_MAX) + round * 512 * PAGE_SIZE, cpu_count());
}

KTEST(arch_tlb, a_page_table_that_all_need_at_once_is_made_once)
{
    uint64_t frame = frame_alloc(1);
    start();
    smp_run(SMP_ALL, need_the_same_table, &frame);
    unmap_the_same_table();
    KTEST_EQUAL(test, wrong, 0);
    frame_free(frame, 1);
}

static uint64_t taken[CPUS_MAX][FRAMES];

static void take_frames(void *argument)
{
    (void)argument;
    for (int i = 0; i < FRAMES; i++) {
        uint64_t *frame = &taken[this_cpu()->index][i];
        *frame = frame_alloc(1);
        *(uint64_t **)phys_to_virt(*frame) = frame;
    }
}

static void give_frames_back(void *argument)
{
    (void)argument;
    for (int i = 0; i < FRAMES; i++) {
        uint64_t *frame = &taken[this_cpu()->index][i];
        note(*(uint64_t **)phys_to_virt(*frame) == frame); /* nobody else has it */
        frame_free(*frame, 1);
    }
}

KTEST(arch_tlb, frames_taken_by_all_cpus_at_once_belong_to_one_each)
{
    struct frame_stats before, after;
    start();
    frame_stats(&before);
    smp_run(SMP_ALL, take_frames, NULL);
    KTEST_TEXT(test, frame_check() ?: "sound", "sound");
    smp_run(SMP_ALL, give_frames_back, NULL);
    frame_stats(&after);
    KTEST_EQUAL(test, wrong, 0);
    KTEST_EQUAL(test, after.free, before.free);
}
