/* Ends on purpose: panic with a reason, and the exit of the machine. */
#include <synos/panic.h>

#include <stdarg.h>
#include <stdbool.h>
#include <synos/cpu.h>
#include <synos/fmt.h>
#include <synos/ksym.h>
#include <synos/stack.h>
#include <synos/uart.h>

#include "dump.h"

#define ISA_DEBUG_EXIT 0xf4
#define BACKTRACE_MAX  24

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
    uart_printf("%s\nbacktrace:\n", reason);
    dump_backtrace((uint64_t)__builtin_frame_address(0));
    machine_exit(EXIT_PANIC);
}

void machine_exit(uint32_t code)
{
    uart_drain();
    outl(ISA_DEBUG_EXIT, code);
    cpu_halt(); /* no such device: the halt with interrupts off is the end that hosts see */
}

void dump_begin(void)
{
    static bool begun;
    __asm__ volatile("cli" : : : "memory");
    uart_break_lock();
    if (begun) {
        uart_printf("\nPANIC: another fault while the first was printed\n");
        machine_exit(EXIT_PANIC);
    }
    begun = true;
    uart_fresh_line();
    uart_printf("PANIC: ");
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
