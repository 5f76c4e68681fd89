/* A storm of timer interrupts while all CPUs hand blocks to each other. */
#include "storm.h"
#include <synos/interrupt.h>
#include <synos/percpu.h>
#include <synos/smp.h>

static const struct storm *storm;
static void *places[STORM_PLACES_MAX];

static struct account {
    uint64_t interrupts, damaged;
    bool has_timer;
    void *kept[STORM_KEPT_MAX]; /* of the timer's handler */
    struct rng rng;
} accounts[CPUS_MAX];

static void unmake(struct account *account, void *block)
{
    if (block) account->damaged += !storm->unmake(block);
}

static void on_timer(struct trap_frame *frame)
{
    struct account *account = &accounts[this_cpu()->index];
    void **kept = &account->kept[account->interrupts++ % storm->kept];

    (void)frame;
    unmake(account, *kept);
    *kept = storm->make(&account->rng);
}

static void churn(void *ignored)
{
    struct account *account = &accounts[this_cpu()->index];
    struct rng rng;

    (void)ignored;
    *account = (struct account){0};
    rng_seed(&rng, this_cpu()->index);
    rng_seed(&account->rng, 1000 + this_cpu()->index);
    account->has_timer = timer_every(storm->ticks);
    for (unsigned i = 0; i < storm->steps || (account->has_timer &&
                                              *(volatile uint64_t *)&account->interrupts < storm->interrupts);
         i++) {
        void *mine = rng_below(&rng, 2) ? storm->make(&rng) : NULL;

        unmake(account, __atomic_exchange_n(&places[rng_below(&rng, storm->places)], mine, __ATOMIC_ACQ_REL));
        if (i % 1000 == 500 && storm->now_and_then) storm->now_and_then();
    }
    timer_stop();
    for (unsigned i = 0; i < storm->kept; i++) unmake(account, account->kept[i]);
}

void storm_run(const struct storm *which)
{
    interrupt_handler *before = interrupt_set_handler(INTERRUPT_TIMER, on_timer);

    storm = which;
    smp_run(SMP_ALL, churn, NULL);
    interrupt_set_handler(INTERRUPT_TIMER, before);
}

uint64_t storm_end(void)
{
    uint64_t damaged = 0;

    for (unsigned i = 0; i < storm->places; i++) {
        unmake(&accounts[0], places[i]);
        places[i] = NULL;
    }
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) damaged += accounts[cpu].damaged;
    return damaged;
}
