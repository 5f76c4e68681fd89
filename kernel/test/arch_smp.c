/* Tests of the CPUs together: with one they prove little, with many that nothing is shared which must not be.
 */
#include <synos/cpu.h>
#include <synos/irq.h>
#include <synos/ktest.h>
#include <synos/percpu.h>
#include <synos/smp.h>
#include <synos/spinlock.h>
#include <synos/stack.h>
#include <synos/string.h>
#include <synos/trap.h>

#define MSR_GS_BASE 0xc0000101u

enum { ROUNDS = 50, CALLS = 40 };

/* Where a host has fewer processors than this machine, each meeting of all takes as many of its time slices.
 */
static int rounds(void)
{
    const int each = 2 * ROUNDS / (int)cpu_count();
    return each > ROUNDS ? ROUNDS : each;
}

static struct {
    unsigned runs;
    uint64_t gs_base, stack, apic_id;
    bool interrupts;
    int vector;
} seen[CPUS_MAX];

static void look(void *argument)
{
    (void)argument;
    const unsigned index = this_cpu()->index;
    __atomic_add_fetch(&seen[index].runs, 1, __ATOMIC_RELAXED);
    seen[index].gs_base = rdmsr(MSR_GS_BASE);
    seen[index].stack = (uint64_t)__builtin_frame_address(0);
    seen[index].apic_id = cpuid(1, 0).ebx >> 24;
    seen[index].interrupts = irq_enabled();
}

static void look_on(uint64_t mask)
{
    memset(seen, 0, sizeof seen);
    smp_run(mask, look, NULL);
}

KTEST(arch_smp, every_cpu_has_its_own_slot_stack_and_apic_id)
{
    look_on(SMP_ALL);
    for (unsigned i = 0; i < cpu_count(); i++) {
        KTEST_EQUAL(test, seen[i].runs, 1);
        KTEST_EQUAL(test, seen[i].gs_base, (uint64_t)percpu_slot(i));
        KTEST_EQUAL(test, percpu_slot(i)->index, i);
        KTEST_TRUE(test, stack_contains(seen[i].stack, 1));
        for (unsigned j = 0; j < i; j++) {
            KTEST_TRUE(test, seen[i].apic_id != seen[j].apic_id);
            KTEST_TRUE(test, seen[i].stack != seen[j].stack);
        }
    }
}

KTEST(arch_smp, work_is_done_by_the_cpus_that_were_chosen_with_interrupts_on)
{
    const uint64_t mask = 0xaaaaaaaaaaaaaaaa; /* odd ones; those that do not run are left out */
    look_on(mask);
    for (unsigned i = 0; i < CPUS_MAX; i++) {
        KTEST_EQUAL(test, seen[i].runs, i < cpu_count() && (mask >> i & 1));
        KTEST_TRUE(test, seen[i].runs == 0 || seen[i].interrupts);
    }
    look_on(0);
    for (unsigned i = 0; i < CPUS_MAX; i++) KTEST_EQUAL(test, seen[i].runs, 0);
}

static void compare_registers(void *argument)
{
    const uint64_t *boot = argument;
    seen[this_cpu()->index].vector = boot[0] != read_cr0() || boot[1] != read_cr3() || boot[2] != read_cr4();
}

KTEST(arch_smp, every_cpu_has_the_protections_of_the_first)
{
    uint64_t boot[] = {read_cr0(), read_cr3(), read_cr4()};
    smp_run(SMP_ALL, compare_registers, boot);
    for (unsigned i = 0; i < cpu_count(); i++) KTEST_EQUAL(test, seen[i].vector, 0);
}

static struct {
    struct spinlock lock;
    volatile uint64_t value;
} counter;

static void count_up(void *argument)
{
    (void)argument;
    for (int i = 0; i < 20 * rounds(); i++) {
        const uint64_t flags = spin_lock(&counter.lock);
        const uint64_t value = counter.value;
        cpu_relax(); /* invites another CPU to come between */
        counter.value = value + 1;
        spin_unlock(&counter.lock, flags);
    }
}

KTEST(arch_smp, what_a_spin_lock_guards_loses_no_update)
{
    counter.value = 0;
    smp_run(SMP_ALL, count_up, NULL);
    KTEST_EQUAL(test, counter.value, 20 * (unsigned)rounds() * cpu_count());
}

static struct smp_barrier barrier;
static unsigned arrived[ROUNDS];
static unsigned early;

static void go_round(void *argument)
{
    (void)argument;
    for (int round = 0; round < rounds(); round++) {
        __atomic_add_fetch(&arrived[round], 1, __ATOMIC_RELAXED);
        smp_barrier_wait(&barrier);
        if (__atomic_load_n(&arrived[round], __ATOMIC_RELAXED) != cpu_count()) early++;
    }
}

KTEST(arch_smp, nobody_leaves_a_barrier_before_all_are_there)
{
    barrier = (struct smp_barrier){.members = cpu_count()};
    memset(arrived, 0, sizeof arrived);
    early = 0;
    smp_run(SMP_ALL, go_round, NULL);
    KTEST_EQUAL(test, early, 0);
}

/* What arrived at each CPU, in order. */
static struct {
    unsigned count, numbers[CALLS * 2];
    bool wrong_cpu, interrupts;
} received[CPUS_MAX];

static void receive(void *argument)
{
    const unsigned number = (unsigned)(uintptr_t)argument, index = this_cpu()->index;
    received[index].wrong_cpu |= number / 1000 != index;
    received[index].interrupts |= irq_enabled();
    received[index].numbers[received[index].count++] = number % 1000;
}

KTEST(arch_smp, calls_arrive_in_order_in_the_interrupt_handler_of_the_cpu_they_are_for)
{
    memset(received, 0, sizeof received);
    for (unsigned number = 0; number < CALLS; number++) /* more than fit into a queue */
        for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
            smp_interrupt(cpu, receive, (void *)(uintptr_t)(1000 * cpu + number));
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        smp_interrupt_wait(cpu);
        KTEST_EQUAL(test, received[cpu].count, CALLS);
        KTEST_TRUE(test, !received[cpu].wrong_cpu && !received[cpu].interrupts);
        for (unsigned i = 0; i < CALLS; i++) KTEST_EQUAL(test, received[cpu].numbers[i], i);
    }
}

/* Each calls the next one and waits, all with interrupts off: nobody's handler could run by itself. */
static void call_the_next(void *argument)
{
    (void)argument;
    const unsigned next = (this_cpu()->index + 1) % cpu_count();
    smp_barrier_wait(&barrier);
    const uint64_t flags = irq_save();
    for (unsigned number = 0; number < CALLS; number++)
        smp_interrupt(next, receive, (void *)(uintptr_t)(1000 * next + number));
    smp_interrupt_wait(next);
    irq_restore(flags);
}

KTEST(arch_smp, cpus_that_call_each_other_with_interrupts_off_do_not_wait_for_ever)
{
    memset(received, 0, sizeof received);
    barrier = (struct smp_barrier){.members = cpu_count()};
    smp_run(SMP_ALL, call_the_next, NULL);
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) KTEST_EQUAL(test, received[cpu].count, CALLS);
}

static void invalid_opcode(void *argument)
{
    (void)argument;
    __asm__ volatile("ud2");
}

static void divide_by_zero(void *argument)
{
    (void)argument;
    __asm__ volatile("divl %0" : : "r"(0), "a"(1), "d"(0));
}

static void fault_at_once(void *argument)
{
    (void)argument;
    const unsigned index = this_cpu()->index;
    smp_barrier_wait(&barrier);
    seen[index].vector = trap_catch(index % 2 == 0 ? invalid_opcode : divide_by_zero, NULL, NULL);
    seen[index].interrupts = irq_enabled();
}

KTEST(arch_smp, each_cpu_catches_its_own_fault_and_goes_on_with_interrupts_on)
{
    KTEST_NEEDS(test, irq_enabled(), "a local APIC");
    barrier = (struct smp_barrier){.members = cpu_count()};
    smp_run(SMP_ALL, fault_at_once, NULL);
    for (unsigned i = 0; i < cpu_count(); i++) {
        KTEST_EQUAL(test, seen[i].vector, i % 2 == 0 ? TRAP_INVALID_OPCODE : TRAP_DIVIDE);
        KTEST_TRUE(test, seen[i].interrupts);
    }
}

/* The guard page under the stack that this runs on. */
static uint64_t own_guard(void)
{
    const uint64_t slot_bytes = STACK_SLOT_PAGES * PAGE_SIZE;
    const uint64_t inside = (uint64_t)__builtin_frame_address(0) - STACK_BASE;
    return STACK_BASE + inside / slot_bytes * slot_bytes;
}

static void lose_the_stack(void *argument)
{
    (void)argument;
    __asm__ volatile("mov %0, %%rsp\n\tpush %%rax" : : "r"(own_guard() + PAGE_SIZE) : "memory");
    __builtin_unreachable();
}

static void overflow(void *argument)
{
    (void)argument;
    uint64_t address = 0;
    const unsigned index = this_cpu()->index;
    seen[index].vector = trap_catch(lose_the_stack, NULL, &address);
    seen[index].stack = address;
}

KTEST(arch_smp, a_stack_that_overflows_hits_its_own_guard_page_on_every_cpu)
{
    smp_run(SMP_ALL, overflow, NULL);
    for (unsigned i = 0; i < cpu_count(); i++) {
        const char *owner = stack_guard_owner(seen[i].stack) ?: "nobody";
        KTEST_EQUAL(test, seen[i].vector, TRAP_DOUBLE_FAULT);
        if (i == 0) KTEST_TEXT(test, owner, "main");
        if (i == 1) KTEST_TEXT(test, owner, "cpu 1");
        if (i == 63) KTEST_TEXT(test, owner, "cpu 63");
    }
}
