/* The pools while other CPUs work: what is counted, limited, given back and asked for meanwhile. The first
 * CPU looks on, the others work until it has seen enough. */
#include <synos/alloc.h>
#include <synos/irq.h>
#include <synos/ktest.h>
#include <synos/misuse.h>
#include <synos/percpu.h>
#include <synos/pool.h>
#include <synos/rng.h>
#include <synos/smp.h>
#include <synos/spinlock.h>
#include "../mm/commit.h"

enum {
    CROWD = 0xf, /* a bit each; more CPUs would only take a host's time */
    TRIMMERS = 4,
    HELD = 40,
    STEPS = 2000,
    QUEUE = 16 /* calls that a CPU has room for */
};

static bool enough;

static struct {
    void (*work)(void);
    bool (*look)(void);
    int looks;
    bool wrong;
} crowd;

static void body(void *ignored)
{
    (void)ignored;
    if (this_cpu()->index != 0) {
        while (!__atomic_load_n(&enough, __ATOMIC_ACQUIRE)) crowd.work();
        return;
    }
    for (int i = 0; i < crowd.looks && !crowd.wrong; i++) crowd.wrong = !crowd.look();
    __atomic_store_n(&enough, true, __ATOMIC_RELEASE);
}

/* For what flushes all TLBs: where a host has fewer processors than this machine, that takes as many of its
 * time slices. */
static int few(int looks)
{
    return cpu_count() > 8 ? looks / 4 : looks;
}

/* Whether all that the first CPU saw was right. */
static bool look_on(void (*work)(void), bool (*look)(void), int looks)
{
    crowd.looks = looks;
    crowd.work = work;
    crowd.look = look;
    crowd.wrong = enough = false;
    smp_run(CROWD, body, NULL);
    return !crowd.wrong;
}

/* Steps up and down by one object from an empty cache: what is read of two moments is below zero at once. */
static void step_at_the_bottom(void)
{
    struct pool_stats own = {.cached = 1};
    void *objects[HELD];
    size_t count = 0;

    while (count < HELD && own.cached > 0) {
        objects[count++] = pool_alloc(256);
        pool_cpu_stats(2, this_cpu()->index, &own);
    }
    for (int i = 0; i < STEPS; i++) {
        pool_free(objects[count - 1]);
        objects[count - 1] = pool_alloc(256);
    }
    while (count > 0) pool_free(objects[--count]);
    pool_drain();
}

static bool is_possible(const struct pool_stats *stats)
{
    return stats->cached <= POOL_CAPACITY && stats->live >= -POOL_CAPACITY && stats->live <= POOL_CAPACITY &&
           stats->peak <= POOL_CAPACITY && stats->hits <= stats->allocations;
}

static bool counts_are_possible(void)
{
    struct pool_stats stats;

    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        pool_cpu_stats(2, cpu, &stats);
        if (!is_possible(&stats)) return false;
    }
    pool_stats(2, &stats);
    return is_possible(&stats);
}

KTEST(pool_crowd, counts_are_possible_ones_while_other_cpus_allocate)
{
    KTEST_TRUE(test, look_on(step_at_the_bottom, counts_are_possible, 10000));
}

static size_t limit;

static void push_at_the_limit(void)
{
    const uint64_t frame = commit_frame();

    if (frame != 0) uncommit_frame(frame);
}

static bool is_within_the_limit(void)
{
    for (int i = 0; i < 100; i++)
        if (kmem_committed() > limit) return false;
    return true;
}

KTEST(pool_crowd, a_limit_is_never_exceeded_while_many_cpus_push_against_it)
{
    limit = kmem_committed() + PAGE_SIZE;
    kmem_limit(limit);
    const bool held = look_on(push_at_the_limit, is_within_the_limit, 10000);
    kmem_limit(SIZE_MAX);
    KTEST_TRUE(test, held);
}

static struct worker {
    uintptr_t *held[HELD];
    struct rng rng;
    uint64_t damaged, refusals;
} workers[CPUS_MAX];

static uint64_t told[MISUSE_WRITE_AFTER_FREE + 1];

static void note(enum misuse kind, const void *pointer)
{
    (void)pointer;
    __atomic_add_fetch(&told[kind], 1, __ATOMIC_RELAXED);
}

static void release(struct worker *worker, uintptr_t **block)
{
    if (!*block) return;
    worker->damaged += **block != (uintptr_t)*block;
    pool_free(*block);
    *block = NULL;
}

/* Takes or gives one object of any class; now and then frees what cannot be freed. */
static void churn(void)
{
    struct worker *worker = &workers[this_cpu()->index];
    uintptr_t **block = &worker->held[rng_below(&worker->rng, HELD)];

    if (*block && rng_below(&worker->rng, 8) == 0) {
        pool_free(*block + 1);
        worker->refusals++;
    }
    if (*block) {
        release(worker, block);
        return;
    }
    *block = pool_alloc(POOL_SMALLEST << rng_below(&worker->rng, POOL_CLASSES));
    if (*block) **block = (uintptr_t)*block;
}

static bool trim_now_and_then(void)
{
    static unsigned calls;

    churn();
    if (++calls % 64 != 0) return true;
    kmem_limit(calls % 128 == 0 ? kmem_committed() : SIZE_MAX);
    pool_trim();
    return true;
}

static void leave(void *ignored)
{
    struct worker *worker = &workers[this_cpu()->index];

    (void)ignored;
    for (size_t i = 0; i < HELD; i++) release(worker, &worker->held[i]);
}

KTEST(pool_crowd, memory_is_given_back_while_others_allocate_and_no_object_suffers)
{
    uint64_t damaged = 0, refusals = 0;

    pool_trim();
    const size_t before = kmem_committed();
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) rng_seed(&workers[cpu].rng, cpu);
    misuse_handler *handler = misuse_set_handler(note);
    look_on(churn, trim_now_and_then, few(500));
    misuse_set_handler(handler);
    kmem_limit(SIZE_MAX);
    KTEST_TEXT(test, pool_check() ?: "sound", "sound");
    smp_run(SMP_ALL, leave, NULL);
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        damaged += workers[cpu].damaged;
        refusals += workers[cpu].refusals;
    }
    KTEST_EQUAL(test, damaged, 0);
    KTEST_EQUAL(test, told[MISUSE_INTERIOR_FREE], refusals);
    KTEST_EQUAL(test, told[MISUSE_DOUBLE_FREE] + told[MISUSE_UNALLOCATED_FREE] + told[MISUSE_RETURNED_FREE],
                0);
    pool_trim();
    KTEST_EQUAL(test, kmem_committed(), before);
    KTEST_TEXT(test, pool_check() ?: "sound", "sound");
}

static void churn_and_trim(void)
{
    const unsigned index = this_cpu()->index;

    churn();
    if (index < TRIMMERS && rng_below(&workers[index].rng, 64) == 0) pool_trim();
}

static bool churn_and_look(void)
{
    churn_and_trim();
    return true;
}

KTEST(pool_crowd, several_cpus_may_trim_at_once)
{
    misuse_handler *handler = misuse_set_handler(note);

    look_on(churn_and_trim, churn_and_look, few(300));
    smp_run(SMP_ALL, leave, NULL);
    misuse_set_handler(handler);
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) KTEST_EQUAL(test, workers[cpu].damaged, 0);
    KTEST_TEXT(test, pool_check() ?: "sound", "sound");
}

static struct spinlock lock;
static bool waits;
static struct smp_barrier barrier;
static void *objects[POOL_CAPACITY];
static size_t count;

static void nothing(void *ignored)
{
    (void)ignored;
}

static void take_all(void)
{
    while (count < POOL_CAPACITY && (objects[count] = pool_alloc(8192)) != NULL) count++;
}

/* Has some of the class cached, and then waits for a lock: interrupts are off. */
static void wait_for_the_lock(void)
{
    void *some[POOL_CAPACITY / CPUS_MAX];

    for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++) some[i] = pool_alloc(8192);
    for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++) pool_free(some[i]);
    smp_barrier_wait(&barrier);
    const uint64_t flags = irq_save();
    __atomic_store_n(&waits, true, __ATOMIC_RELEASE);
    const uint64_t inner = spin_lock(&lock);
    spin_unlock(&lock, inner);
    irq_restore(flags);
}

static void use_up_the_class(void *ignored)
{
    (void)ignored;
    if (this_cpu()->index != 0) {
        wait_for_the_lock();
        return;
    }
    const uint64_t flags = spin_lock(&lock);
    smp_barrier_wait(&barrier);
    while (!__atomic_load_n(&waits, __ATOMIC_ACQUIRE)) spin_wait();
    for (int i = 0; i < QUEUE; i++) smp_interrupt(1, nothing, NULL);
    take_all(); /* and asks the other one, who cannot answer */
    spin_unlock(&lock, flags);
}

KTEST(pool_crowd, a_class_may_be_used_up_under_a_lock_that_another_cpu_waits_for)
{
    KTEST_NEEDS(test, cpu_count() > 1, "two CPUs");
    barrier = (struct smp_barrier){.members = 2};
    waits = false;
    count = 0;
    pool_trim();
    smp_run(3, use_up_the_class, NULL);
    KTEST_TRUE(test, count < POOL_CAPACITY);
    take_all(); /* finds none, and asks again */
    smp_interrupt_wait(1);
    take_all();
    KTEST_EQUAL(test, count, POOL_CAPACITY);
    while (count > 0) pool_free(objects[--count]);
    KTEST_TEXT(test, pool_check() ?: "sound", "sound");
}
