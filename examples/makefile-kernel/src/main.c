/* Prints two test results and two measurements on the serial port, and leaves QEMU. */
#include "record.h"

static struct synos_records records;
static char heap[1 << 16];

static void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t inb(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static uint64_t ticks(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static void serial_putc(char byte)
{
    while (!(inb(0x3fd) & 0x20)) {
    }
    outb(0x3f8, (uint8_t)byte);
}

static void print(const char *text)
{
    while (*text)
        serial_putc(*text++);
}

static uint64_t fill(void)
{
    uint64_t start = ticks();
    for (size_t i = 0; i < sizeof heap; i++)
        heap[i] = (char)i;
    return ticks() - start;
}

void kernel_main(void)
{
    outb(0x3fb, 0x03); /* eight bits, no parity */
    print("KTAP version 1\n1..2\n");

    synos_records_init_putc(&records, serial_putc);
    synos_record_hello(&records, "makefile-kernel", "1", 1, 0, "");
    uint64_t samples[5];
    for (int i = 0; i < 5; i++)
        samples[i] = fill();
    struct synos_figure time = {
        .suite = "memory", .name = "fill", .metric = "time", .unit = "cycles", .value = samples[2],
        .iterations = sizeof heap, .samples = samples, .sample_count = 5,
    };
    struct synos_figure size = {
        .suite = "memory", .name = "heap", .metric = "size", .unit = "bytes", .value = sizeof heap,
    };
    synos_record_figure(&records, "bench", &time);
    synos_record_figure(&records, "stat", &size);
    synos_record_end(&records);

    print(heap[0x1234] == 0x34 ? "ok 1 fill\n" : "not ok 1 fill\n");
    print(samples[0] > 0 ? "ok 2 clock\n" : "not ok 2 clock\n");
    while (!(inb(0x3fd) & 0x40)) { /* until the last byte is out */
    }
    __asm__ volatile("outl %0, %1" : : "a"(16), "Nd"((uint16_t)0xf4)); /* exit code 33: all is well */
}
