/*
 * The heap on all CPUs at once, with a timer that interrupts each and allocates as well: blocks go from CPU
 * to CPU, are checked and freed where they arrive, while memory is moved and given back. With one CPU it is a
 * test of the timer's interrupts alone.
 */
#include <synos/alloc.h>
#include <synos/heap.h>
#include <synos/interrupt.h>
#include <synos/ktest.h>
#include <synos/misuse.h>
#include <synos/percpu.h>
#include <synos/rng.h>
#include <synos/smp.h>

enum { SLOTS = 64, STEPS = 6000, STORM_TICKS = 29989, INTERRUPTS = 50, KEPT = 4, ROUNDS = 200 };

/* Where CPUs leave blocks for each other; the first word of a block is its own address, the last one of it
 * says so too. */
static uintptr_t *slots[SLOTS];

static struct account {
    uint64_t interrupts, damaged;
    bool has_timer;
    uintptr_t *kept[KEPT]; /* of the timer's handler */
    struct rng rng;
} accounts[CPUS_MAX];

/* Few lengths, so that many requests find one that is kept. */
static uintptr_t *make(struct rng *rng)
{
    static const uint32_t sizes[] = {9216, 20480, 9216, 65536, 12288, 131072};
    const size_t bytes = sizes[rng_below(rng, 6)];
    uintptr_t *block = rng_below(rng, 8) == 0 ? heap_alloc_aligned(bytes, PAGE_SIZE) : heap_alloc(bytes);

    if (!block) return NULL;
    block[0] = (uintptr_t)block;
    block[bytes / sizeof(*block) - 1] = ~(uintptr_t)block;
    return block;
}

static void destroy(struct account *account, uintptr_t *block)
{
    if (!block) return;
    const size_t last = heap_usable(block) / sizeof(*block) - 1;
    account->damaged += block[0] != (uintptr_t)block || block[last] != ~(uintptr_t)block;
    block[0] = block[last] = 0;
    heap_free(block);
}

static void on_timer(struct trap_frame *frame)
{
    struct account *account = &accounts[this_cpu()->index];
    uintptr_t **kept = &account->kept[account->interrupts++ % KEPT];

    (void)frame;
    destroy(account, *kept);
    *kept = make(&account->rng);
}

static void churn(void *ignored)
{
    struct account *account = &accounts[this_cpu()->index];
    struct rng rng;

    (void)ignored;
    rng_seed(&rng, this_cpu()->index);
    rng_seed(&account->rng, 1000 + this_cpu()->index);
    account->has_timer = timer_every(STORM_TICKS);
    for (int i = 0; i < STEPS || (account->has_timer && account->interrupts < INTERRUPTS); i++) {
        uintptr_t *mine = rng_below(&rng, 2) ? make(&rng) : NULL;

        destroy(account, __atomic_exchange_n(&slots[rng_below(&rng, SLOTS)], mine, __ATOMIC_ACQ_REL));
        if (i % 1000 == 500) heap_trim();
    }
    timer_stop();
    for (int i = 0; i < KEPT; i++) {
        destroy(account, account->kept[i]);
        account->kept[i] = NULL;
    }
}

static struct heap_stats stats_now(void)
{
    struct heap_stats stats;

    heap_stats(&stats);
    return stats;
}

KTEST(heap_smp, blocks_go_between_cpus_under_a_storm_of_interrupts_and_none_is_lost)
{
    const size_t live = stats_now().live;
    interrupt_handler *before = interrupt_set_handler(INTERRUPT_TIMER, on_timer);
    uint64_t damaged = 0;

    smp_run(SMP_ALL, churn, NULL);
    interrupt_set_handler(INTERRUPT_TIMER, before);
    KTEST_TEXT(test, heap_check() ?: "sound", "sound");
    for (size_t i = 0; i < SLOTS; i++)
        destroy(&accounts[0], __atomic_exchange_n(&slots[i], NULL, __ATOMIC_ACQ_REL));
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) damaged += accounts[cpu].damaged;
    KTEST_EQUAL(test, damaged, 0);
    KTEST_EQUAL(test, stats_now().live, live);
    KTEST_TEXT(test, heap_check() ?: "sound", "sound");
}

static void *victim;
static unsigned refused;
static struct smp_barrier barrier;

static void count_refused(enum misuse kind, const void *pointer)
{
    if (kind == MISUSE_DOUBLE_FREE && pointer == victim) __atomic_add_fetch(&refused, 1, __ATOMIC_RELAXED);
}

static void free_the_same(void *ignored)
{
    (void)ignored;
    for (int round = 0; round < ROUNDS; round++) {
        if (this_cpu()->index == 0) victim = heap_alloc(20000);
        smp_barrier_wait(&barrier);
        heap_free(victim);
        smp_barrier_wait(&barrier);
    }
}

KTEST(heap_smp, of_cpus_that_free_one_block_at_once_all_but_one_are_told)
{
    misuse_handler *handler = misuse_set_handler(count_refused);

    refused = 0;
    barrier = (struct smp_barrier){.members = cpu_count()};
    smp_run(SMP_ALL, free_the_same, NULL);
    misuse_set_handler(handler);
    KTEST_EQUAL(test, refused, ROUNDS * (cpu_count() - 1));
    KTEST_TEXT(test, heap_check() ?: "sound", "sound");
}

static void keep_one(void *bytes)
{
    heap_free(heap_alloc(*(size_t *)bytes));
}

KTEST(heap_smp, what_another_cpu_keeps_is_had_when_memory_runs_out)
{
    size_t bytes = 4 << 20;

    heap_trim();
    smp_run(1ull << (cpu_count() - 1), keep_one, &bytes);
    KTEST_EQUAL(test, stats_now().kept, bytes);
    kmem_limit(kmem_committed());
    void *block = heap_alloc(bytes - HEAP_UNIT);
    kmem_limit(SIZE_MAX);
    KTEST_TRUE(test, block);
    KTEST_EQUAL(test, stats_now().kept, 0);
    heap_free(block);
    heap_trim();
    KTEST_TEXT(test, heap_check() ?: "sound", "sound");
}
