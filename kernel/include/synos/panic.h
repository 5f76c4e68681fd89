/* The ends of the machine: exit with a code, or stop with a reason that hosts recognise. */
#ifndef SYNOS_PANIC_H
#define SYNOS_PANIC_H

#include <stdint.h>

/* Codes for isa-debug-exit; QEMU itself then exits with 2 * code + 1. */
enum exit_code {
    EXIT_PASSED = 0x10, /* QEMU exits with 33 */
    EXIT_FAILED = 0x11, /* 35: a test failed */
    EXIT_PANIC = 0x12,  /* 37: panic or exception */
};

/* Prints `PANIC: <reason>` and a backtrace as plain text, then exits with EXIT_PANIC. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Drains the serial line and writes the code to port 0xf4; a machine without that port halts for ever. */
_Noreturn void machine_exit(uint32_t code);

#endif
