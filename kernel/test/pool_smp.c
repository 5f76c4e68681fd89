/*
 * kmalloc on all CPUs at once, with a timer that interrupts each and allocates as well: blocks go from CPU to
 * CPU, are checked and freed where they arrive. With one CPU it is a test of the timer's interrupts alone.
 */
#include <synos/alloc.h>
#include <synos/interrupt.h>
#include <synos/ktest.h>
#include <synos/percpu.h>
#include <synos/pool.h>
#include <synos/rng.h>
#include <synos/smp.h>

enum { SLOTS = 256, STEPS = 20000, STORM_TICKS = 9973, INTERRUPTS = 100, KEPT = 16 };

/* Where CPUs leave blocks for each other; the first word of a block is its own address, the last byte tells
 * its size. */
static void *slots[SLOTS];

static struct account {
    uint64_t interrupts, damaged;
    bool has_timer;
    void *kept[KEPT]; /* of the timer's handler */
    struct rng rng;
} accounts[CPUS_MAX];

static size_t size_of(struct rng *rng)
{
    return 16 + rng_below(rng, 1u << (4 + rng_below(rng, 9)));
}

static void *make(struct rng *rng)
{
    const size_t bytes = size_of(rng);
    uintptr_t *block = kmalloc(bytes);

    if (!block) return NULL;
    block[0] = (uintptr_t)block;
    block[1] = ~(uintptr_t)block;
    return block;
}

static void destroy(struct account *account, uintptr_t *block)
{
    if (!block) return;
    account->damaged += block[0] != (uintptr_t)block || block[1] != ~(uintptr_t)block;
    block[0] = block[1] = 0;
    kfree(block);
}

static void on_timer(struct trap_frame *frame)
{
    struct account *account = &accounts[this_cpu()->index];
    void **kept = &account->kept[account->interrupts++ % KEPT];

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
        void *mine = rng_below(&rng, 2) ? make(&rng) : NULL;

        destroy(account, __atomic_exchange_n(&slots[rng_below(&rng, SLOTS)], mine, __ATOMIC_ACQ_REL));
    }
    timer_stop();
    for (int i = 0; i < KEPT; i++) {
        destroy(account, account->kept[i]);
        account->kept[i] = NULL;
    }
}

static int64_t live_objects(void)
{
    struct pool_stats stats;
    int64_t live = 0;

    for (unsigned class = 0; class < POOL_CLASSES; class ++) {
        pool_stats(class, &stats);
        live += stats.live;
    }
    return live;
}

KTEST(pool_smp, blocks_go_between_cpus_under_a_storm_of_interrupts_and_none_is_lost)
{
    const int64_t live = live_objects();
    interrupt_handler *before = interrupt_set_handler(INTERRUPT_TIMER, on_timer);
    uint64_t damaged = 0;

    smp_run(SMP_ALL, churn, NULL);
    interrupt_set_handler(INTERRUPT_TIMER, before);
    for (size_t i = 0; i < SLOTS; i++)
        destroy(&accounts[0], __atomic_exchange_n(&slots[i], NULL, __ATOMIC_ACQ_REL));
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) damaged += accounts[cpu].damaged;
    KTEST_EQUAL(test, damaged, 0);
    KTEST_EQUAL(test, live_objects(), live);
    KTEST_TEXT(test, pool_check() ?: "sound", "sound");
}

static unsigned char *shared;

static void free_shared(void *ignored)
{
    (void)ignored;
    kfree(shared);
}

KTEST(pool_smp, a_block_is_freed_on_another_cpu_than_it_came_from)
{
    struct pool_stats here, there;
    const unsigned other = cpu_count() - 1;

    shared = kmalloc(2048);
    smp_run(1ull << other, free_shared, NULL);
    KTEST_EQUAL(test, kmalloc_usable(shared), 0);
    pool_cpu_stats(5, 0, &here);
    pool_cpu_stats(5, other, &there);
    KTEST_TRUE(test, other == 0 || there.cached > 0);
    KTEST_TEXT(test, pool_check() ?: "sound", "sound");
}

static void fill_the_cache(void *ignored)
{
    void *objects[POOL_CAPACITY / CPUS_MAX];

    (void)ignored;
    for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) objects[i] = pool_alloc(8192);
    for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) pool_free(objects[i]);
}

KTEST(pool_smp, objects_in_another_cpus_cache_are_had_on_the_second_try)
{
    static void *objects[POOL_CAPACITY + 1];
    const unsigned other = cpu_count() - 1;
    size_t count = 0;

    pool_trim();
    smp_run(1ull << other, fill_the_cache, NULL);
    while (count < POOL_CAPACITY && (objects[count] = pool_alloc(8192)) != NULL) count++;
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) smp_interrupt_wait(cpu);
    while (count < POOL_CAPACITY && (objects[count] = pool_alloc(8192)) != NULL) count++;
    KTEST_EQUAL(test, count, POOL_CAPACITY);
    for (size_t i = 0; i < count; i++) pool_free(objects[i]);
    KTEST_TEXT(test, pool_check() ?: "sound", "sound");
}
