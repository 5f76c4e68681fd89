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
#define BACKTRACE_MAX 24

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
        uart_printf("  %-4s %016llx %s+0x%llx\n", label, (unsigned long long)address, name, (unsigned long long)offset);
    else
        uart_printf("  %-4s %016llx ?\n", label, (unsigned long long)address);
}

/* A frame is [caller's RBP, return address]. A damaged chain ends the walk: callers lie higher, and inside a stack. */
void dump_backtrace(uint64_t rbp)
{
    for (int depth = 0; depth < BACKTRACE_MAX; depth++) {
        if (rbp % sizeof(uint64_t) != 0 || !stack_contains(rbp, 2 * sizeof(uint64_t)))
            return;
        const uint64_t *frame = (const uint64_t *)rbp;
        if (frame[1] == 0)
            return;
        dump_place("from", frame[1] - 1); /* the call, not what follows it: a call that never returns may end a function */
        if (frame[0] <= rbp)
            return;
        rbp = frame[0];
    }
    uart_printf("  ...\n");
}
