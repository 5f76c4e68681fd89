/* Tests of interrupts: the timer's rate, restartable ranges under a storm of them, and single steps. */
#include <synos/clock.h>
#include <synos/interrupt.h>
#include <synos/irq.h>
#include <synos/ktest.h>
#include <synos/percpu.h>
#include <synos/restart.h>
#include <synos/smp.h>

#define PERIOD 20011ull /* ticks */
enum { PERIODS = 100, HITS = 60, HITS_ON_A_BUSY_HOST = 3 };

#define RFLAGS_TRAP (1ull << 8)
#define PATIENCE    4000000000ull /* ticks; some seconds */
#define STORM_MOST  2000000ull    /* additions; many seconds */

static struct {
    volatile unsigned count;
    volatile uint64_t last;
} timer[CPUS_MAX];

static void on_timer(struct trap_frame *frame)
{
    (void)frame;
    timer[this_cpu()->index].count++;
    timer[this_cpu()->index].last = clock_ticks();
}

/* Whether a tick is an instruction: under -icount the same instructions always take the same ticks. */
static bool ticks_are_exact(void)
{
    uint64_t first = 0;
    for (int i = 0; i < 5; i++) {
        const uint64_t start = clock_ticks();
        for (int spin = 0; spin < 1000; spin++) __asm__ volatile("");
        const uint64_t ticks = clock_ticks() - start;
        if (i > 0 && ticks != first) return false;
        first = ticks;
    }
    return true;
}

static void spin_for(uint64_t ticks)
{
    const uint64_t start = clock_ticks();
    while (clock_ticks() - start < ticks) {}
}

KTEST(arch_interrupt, a_periodic_timer_arrives_at_the_asked_rate)
{
    const bool exact = ticks_are_exact();
    interrupt_handler *before = interrupt_set_handler(INTERRUPT_TIMER, on_timer);
    timer[0].count = 0;
    KTEST_NEEDS(test, timer_every(PERIOD), "a local APIC");
    const uint64_t start = clock_ticks(); /* the first use of the timer measures its rate */
    while (timer[0].count < PERIODS && clock_ticks() - start < PATIENCE) {}
    timer_stop();
    const uint64_t ticks = clock_ticks() - start;
    const unsigned count = timer[0].count;
    spin_for(3 * PERIOD);
    interrupt_set_handler(INTERRUPT_TIMER, before);
    KTEST_EQUAL(test, timer[0].count, count); /* stopped means stopped */
    KTEST_TRUE(test, count >= HITS_ON_A_BUSY_HOST && ticks >= (count - 1) * PERIOD);
    if (exact) KTEST_TRUE(test, count == PERIODS && ticks <= (PERIODS + 1) * PERIOD);
}

KTEST(arch_interrupt, a_timer_that_is_started_once_arrives_once_and_not_early)
{
    interrupt_handler *before = interrupt_set_handler(INTERRUPT_TIMER, on_timer);
    timer[0].count = 0;
    const uint64_t start = clock_ticks();
    KTEST_NEEDS(test, timer_once(50 * PERIOD), "a local APIC");
    while (timer[0].count == 0 && clock_ticks() - start < PATIENCE) {}
    spin_for(100 * PERIOD);
    interrupt_set_handler(INTERRUPT_TIMER, before);
    KTEST_EQUAL(test, timer[0].count, 1);
    KTEST_TRUE(test, timer[0].last - start >= 49 * PERIOD);
    if (ticks_are_exact()) KTEST_TRUE(test, timer[0].last - start <= 51 * PERIOD);
}

static void time_this_cpu(void *argument)
{
    (void)argument;
    const unsigned index = this_cpu()->index;
    const uint64_t start = clock_ticks();
    timer_once(PERIOD);
    while (timer[index].count == 0 && clock_ticks() - start < PATIENCE) __asm__ volatile("pause");
}

KTEST(arch_interrupt, every_cpu_has_a_timer_of_its_own)
{
    KTEST_NEEDS(test, timer_once(UINT32_MAX), "a local APIC");
    timer_stop();
    interrupt_handler *before = interrupt_set_handler(INTERRUPT_TIMER, on_timer);
    for (unsigned i = 0; i < cpu_count(); i++) timer[i].count = 0;
    smp_run(SMP_ALL, time_this_cpu, NULL);
    interrupt_set_handler(INTERRUPT_TIMER, before);
    for (unsigned i = 0; i < cpu_count(); i++) KTEST_EQUAL(test, timer[i].count, 1);
}

/*
 * void storm_add(volatile uint64_t *counter): adds one in a restartable range, slowly, so that most
 * interrupts hit it between the load and the store. The handler adds to the same counter: without the way
 * back to the start its addition would be written over. The jumps are for QEMU, which looks for interrupts
 * only where it has cut the code into blocks.
 */
extern void storm_add(volatile uint64_t *counter);
extern const char storm_first[], storm_end[];
__asm__(".pushsection .text.restart, \"ax\", @progbits\n\t"
        ".type storm_add, @function\n"
        "storm_add:\n"
        "storm_first:\n\t"
        "movq (%rdi), %rax\n\t"
        ".rept 40\n\t"
        "incq %rax\n\t"
        "decq %rax\n\t"
        "jmp 1f\n"
        "1:\n\t"
        ".endr\n\t"
        "incq %rax\n\t"
        "movq %rax, (%rdi)\n"
        "storm_end:\n\t"
        "ret\n\t"
        ".size storm_add, . - storm_add\n\t"
        ".popsection\n\t" RESTART_RANGE(storm_first, storm_end));

static struct {
    volatile uint64_t counter;
    unsigned interrupts, at_first, inside;
} storms[CPUS_MAX];

static void on_storm(struct trap_frame *frame)
{
    const unsigned index = this_cpu()->index;
    storms[index].counter++;
    storms[index].interrupts++;
    storms[index].at_first += frame->rip == (uint64_t)storm_first;
    storms[index].inside += frame->rip > (uint64_t)storm_first && frame->rip < (uint64_t)storm_end;
}

/* The period is prime to the loop, so that all of its instructions are hit in turn. How long it may take is
 * counted in work and not in time: time passes, too, while a busy host runs something else. */
static uint64_t weather_storm(unsigned index, unsigned hits)
{
    uint64_t added = 0;
    storms[index] = (typeof(storms[index])){0};
    timer_every(3001);
    while (*(volatile unsigned *)&storms[index].at_first < hits && added < STORM_MOST)
        for (int i = 0; i < 50; i++, added++) storm_add(&storms[index].counter);
    timer_stop();
    return added;
}

struct storm_wish {
    unsigned hits;
    uint64_t added;
};

static void weather_storm_here(void *argument)
{
    struct storm_wish *wish = argument;
    wish->added = weather_storm(this_cpu()->index, wish->hits);
}

/* On the first CPU and the last, one after the other: an emulator serves all timers in one thread. */
KTEST(arch_interrupt, ranges_hit_by_a_storm_of_interrupts_lose_nothing)
{
    KTEST_NEEDS(test, timer_once(UINT32_MAX), "a local APIC");
    timer_stop();
    const unsigned hits = ticks_are_exact() ? HITS : HITS_ON_A_BUSY_HOST;
    interrupt_handler *before = interrupt_set_handler(INTERRUPT_TIMER, on_storm);
    for (unsigned i = 0; i<cpu_count(); i += cpu_count()> 1 ? cpu_count() - 1 : 1) {
        struct storm_wish wish = {.hits = hits};
        smp_run(1ull << i, weather_storm_here, &wish);
        KTEST_TRUE(test, storms[i].at_first >= hits);
        KTEST_EQUAL(test, storms[i].inside, 0);
        KTEST_EQUAL(test, storms[i].counter, wish.added + storms[i].interrupts);
    }
    interrupt_set_handler(INTERRUPT_TIMER, before);
}

static unsigned steps, steps_to_go;
static uint64_t stepped_at;

/* Lets so many single steps pass, then sends the last one to where an interrupt would go on, and ends the
 * stepping. */
static void on_debug(struct trap_frame *frame)
{
    steps++;
    if (--steps_to_go > 0) return;
    stepped_at = frame->rip;
    frame->rip = restart_point(frame->rip);
    frame->rflags &= ~RFLAGS_TRAP;
}

static void step_through(volatile uint64_t *counter, unsigned count)
{
    steps = 0;
    steps_to_go = count;
    __asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\t"
                     "call storm_add"
                     :
                     : "D"(counter)
                     : "rax", "memory", "cc");
}

KTEST(arch_interrupt, a_single_step_goes_on_where_it_was_unless_its_handler_does_what_an_interrupt_does)
{
    volatile uint64_t counter = 0;
    const uint64_t flags = irq_save();
    trap_set_debug_handler(on_debug);
    step_through(&counter, 1); /* the call itself */
    const uint64_t after_call = stepped_at;
    step_through(&counter, 3); /* two instructions into the range, and back to its start */
    trap_set_debug_handler(NULL);
    irq_restore(flags);
    KTEST_EQUAL(test, after_call, (uint64_t)storm_first);
    KTEST_TRUE(test,
               stepped_at > (uint64_t)storm_first && restart_point(stepped_at) == (uint64_t)storm_first);
    KTEST_EQUAL(test, steps, 3);
    KTEST_EQUAL(test, counter, 2);
}

static void raise_unknown(void *argument)
{
    (void)argument;
    __asm__ volatile("int $0x77");
}

KTEST(arch_interrupt, an_interrupt_that_nobody_asked_for_is_an_error)
{
    KTEST_EQUAL(test, trap_catch(raise_unknown, NULL, NULL), 0x77);
}
