/* Ends on purpose: panic with a reason, and the exit of the machine. */
#include <synos/panic.h>

#include <stdarg.h>
#include <stdbool.h>
#include <synos/cpu.h>
#include <synos/fmt.h>
#include <synos/ksym.h>
#include <synos/percpu.h>
#include <synos/stack.h>
#include <synos/uart.h>

#include "apic.h"
#include "dump.h"

#define ISA_DEBUG_EXIT 0xf4
#define BACKTRACE_MAX  24
#define STOP_TURNS     1000000u /* of a pause each: some 10 ms */

static const struct percpu *ending; /* the CPU that ends the machine */
static unsigned stopped;            /* the others that have seen it */

static bool claim_the_end(void);
static void stop_other_cpus(void);
static bool next_frame_exists(uint64_t rbp);
static void print_repeats(unsigned repeated);

void panic(const char *format, ...)
{
    char reason[256];
    va_list arguments;
    dump_begin();
    va_start(arguments, format);
    fmt_vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    uart_printf("%s\n", reason);
    dump_cpu();
    uart_printf("backtrace:\n");
    dump_backtrace((uint64_t)__builtin_frame_address(0));
    machine_exit(EXIT_PANIC);
}

void machine_exit(uint32_t code)
{
    uart_drain();
    outl(ISA_DEBUG_EXIT, code);
    /* No such device: a halt of all CPUs with interrupts off is the end that hosts see. */
    if (claim_the_end()) stop_other_cpus();
    cpu_halt();
}

/* The first CPU that comes here is the one that ends the machine; true for it, then and later. */
static bool claim_the_end(void)
{
    const struct percpu *nobody = NULL;
    __asm__ volatile("cli" : : : "memory");
    return __atomic_compare_exchange_n(&ending, &nobody, this_cpu(), false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_ACQUIRE) ||
           nobody == this_cpu();
}

/* An NMI reaches those that spin with interrupts off, too. One that does not stop in time must not keep the
 * reason from being told. */
static void stop_other_cpus(void)
{
    unsigned others = cpu_count() - 1;
    if (others == 0) return;
    apic_send_nmi_to_others();
    for (unsigned turn = 0; turn < STOP_TURNS && __atomic_load_n(&stopped, __ATOMIC_ACQUIRE) < others; turn++)
        cpu_relax();
}

void dump_stop_if_another_ends(void)
{
    const struct percpu *who = __atomic_load_n(&ending, __ATOMIC_ACQUIRE);
    if (who == NULL || who == this_cpu()) return;
    __atomic_add_fetch(&stopped, 1, __ATOMIC_RELEASE);
    cpu_halt();
}

void dump_begin(void)
{
    static bool begun;
    if (!claim_the_end()) dump_stop_if_another_ends();
    if (begun) {
        uart_printf("\nPANIC: another fault while the first was printed\n");
        machine_exit(EXIT_PANIC);
    }
    begun = true;
    stop_other_cpus();
    uart_break_lock();
    uart_fresh_line();
    uart_printf("PANIC: ");
}

void dump_cpu(void)
{
    uart_printf("on cpu %u of %u\n", this_cpu()->index, cpu_count());
}

void dump_place(const char *label, uint64_t address)
{
    uint64_t offset = 0;
    const char *name = ksym_lookup(address, &offset);
    if (name != NULL)
        uart_printf("  %-4s %016llx %s+0x%llx\n", label, (unsigned long long)address, name,
                    (unsigned long long)offset);
    else
        uart_printf("  %-4s %016llx ?\n", label, (unsigned long long)address);
}

/*
 * A frame is [caller's RBP, return address]. A damaged chain ends the walk: callers lie higher, and inside a
 * stack. A recursion is one line with its depth, so that what led to it stays in sight.
 */
void dump_backtrace(uint64_t rbp)
{
    uint64_t last = 0;
    unsigned repeated = 0;
    for (int lines = 0; lines < BACKTRACE_MAX && next_frame_exists(rbp);) {
        const uint64_t *frame = (const uint64_t *)rbp;
        rbp = frame[0] > rbp ? frame[0] : 0;
        if (frame[1] == last) {
            repeated++;
            continue;
        }
        print_repeats(repeated);
        repeated = 0;
        last = frame[1];
        /* The call, not what follows it: a call that never returns may be the last instruction of its
         * function. */
        dump_place("from", last - 1);
        lines++;
    }
    print_repeats(repeated);
}

static bool next_frame_exists(uint64_t rbp)
{
    if (rbp == 0 || rbp % sizeof(uint64_t) != 0 || !stack_contains(rbp, 2 * sizeof(uint64_t))) return false;
    return ((const uint64_t *)rbp)[1] != 0;
}

static void print_repeats(unsigned repeated)
{
    if (repeated > 0) uart_printf("       ... %u more of this\n", repeated);
}
