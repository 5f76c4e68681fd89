/* Calls that wait within calls: a CPU whose handler waits for room in another one's queue runs what comes for
 * it meanwhile. */
#include <synos/irq.h>
#include <synos/ktest.h>
#include <synos/percpu.h>
#include <synos/smp.h>
#include <synos/spinlock.h>

enum { MORE_THAN_A_QUEUE = 17, TURNS = 100000 };

static bool is_sent, waits, inner_ran, outer_ended, seen_ended;

static void set(bool *flag)
{
    __atomic_store_n(flag, true, __ATOMIC_RELEASE);
}

static void wait_for(bool *flag)
{
    while (!__atomic_load_n(flag, __ATOMIC_ACQUIRE)) spin_wait();
}

static void let_others_run(void)
{
    for (int i = 0; i < TURNS; i++) spin_wait();
}

static void nothing(void *ignored)
{
    (void)ignored;
}

/* On CPU 1: stands still until CPU 0 lets interrupts in. */
static void outer(void *ignored)
{
    (void)ignored;
    for (int i = 0; i < MORE_THAN_A_QUEUE; i++) smp_interrupt(0, nothing, NULL);
    set(&outer_ended);
}

static void inner(void *ignored)
{
    (void)ignored;
    set(&inner_ran);
}

/* On CPU 2: when the wait is over, the outer call must be, too. */
static void wait_for_outer(void)
{
    wait_for(&is_sent);
    set(&waits);
    smp_interrupt_wait(1);
    seen_ended = __atomic_load_n(&outer_ended, __ATOMIC_ACQUIRE);
}

static void nest(void *ignored)
{
    (void)ignored;
    if (this_cpu()->index == 2) {
        wait_for_outer();
        return;
    }
    const uint64_t flags = irq_save();
    smp_interrupt(1, outer, NULL);
    set(&is_sent);
    wait_for(&waits);
    let_others_run();
    smp_interrupt(1, inner, NULL);
    wait_for(&inner_ran);
    let_others_run();
    irq_restore(flags);
}

KTEST(arch_calls, a_call_counts_as_run_when_it_has_ended_and_not_when_one_within_it_has)
{
    KTEST_NEEDS(test, cpu_count() > 2, "three CPUs");
    is_sent = waits = inner_ran = outer_ended = seen_ended = false;
    smp_run(1 << 0 | 1 << 2, nest, NULL);
    KTEST_TRUE(test, seen_ended);
    smp_interrupt_wait(1);
    KTEST_TRUE(test, outer_ended);
}
