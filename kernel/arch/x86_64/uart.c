/* Polled 16550 on COM1 (National Semiconductor PC16550D data sheet). */
#include <synos/uart.h>

#include <stdarg.h>
#include <stdbool.h>
#include <synos/cpu.h>
#include <synos/fmt.h>
#include <synos/irq.h>

#define COM1 0x3f8

enum uart_register {
    DATA = 0,
    INTERRUPT_ENABLE = 1,
    FIFO_CONTROL = 2,
    LINE_CONTROL = 3,
    MODEM_CONTROL = 4,
    LINE_STATUS = 5
};
enum line_status { THRE = 0x20 /* holding register empty */, TEMT = 0x40 /* shift register empty as well */ };

static bool locked;
static bool lock_broken; /* after a panic: nobody waits any more */
static bool mid_line;    /* the last byte was not a newline */

void uart_init(void)
{
    outb(COM1 + INTERRUPT_ENABLE, 0);
    outb(COM1 + LINE_CONTROL, 0x80); /* divisor latch */
    outb(COM1 + DATA, 1);            /* 115200 baud */
    outb(COM1 + INTERRUPT_ENABLE, 0);
    outb(COM1 + LINE_CONTROL, 0x03); /* 8 bits, no parity, 1 stop bit */
    outb(COM1 + FIFO_CONTROL, 0x07); /* FIFO on, both emptied */
    outb(COM1 + MODEM_CONTROL, 0x03);
}

static void wait_for(uint8_t status)
{
    while ((inb(COM1 + LINE_STATUS) & status) != status) cpu_relax();
}

void uart_write(const char *bytes, size_t length)
{
    uint64_t flags = irq_save();
    while (!lock_broken && __atomic_test_and_set(&locked, __ATOMIC_ACQUIRE)) cpu_relax();
    for (size_t i = 0; i < length; i++) {
        wait_for(THRE); /* before every byte: a host that reads slowly must lose none */
        outb(COM1 + DATA, (uint8_t)bytes[i]);
    }
    if (length > 0) mid_line = bytes[length - 1] != '\n';
    __atomic_clear(&locked, __ATOMIC_RELEASE);
    irq_restore(flags);
}

void uart_printf(const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int wanted = fmt_vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (wanted < 0) return;
    uart_write(text, (size_t)wanted < sizeof text ? (size_t)wanted : sizeof text - 1);
}

void uart_fresh_line(void)
{
    if (mid_line) uart_write("\n", 1);
}

void uart_drain(void)
{
    wait_for(TEMT);
}

void uart_break_lock(void)
{
    lock_broken = true;
}
