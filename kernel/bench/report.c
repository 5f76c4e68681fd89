/* The kernel's one stream of records, over the serial port; and, for tests of the host, damage on the way to
 * it. */
#include <synos/fmt.h>
#include <synos/report.h>
#include <synos/spinlock.h>
#include <synos/string.h>
#include <synos/uart.h>

static struct synos_records stream;
static struct spinlock lock; /* from a record's first member to its last byte on the line */
static enum report_damage damage;

/* Damage strikes the first bench record that passes, as a bad line would: numbers and CRCs know nothing of
 * it. */
static bool is_bench(const char *bytes, size_t length)
{
    static const char mark[] = "{\"kind\":\"bench\"";

    for (size_t at = 0; at + sizeof(mark) <= length; at++)
        if (strncmp(bytes + at, mark, sizeof(mark) - 1) == 0) return true;
    return false;
}

static void transmit_damaged(const char *bytes, size_t length)
{
    char middle = bytes[length / 2];

    switch (damage) {
    case REPORT_REPEAT:
        uart_write(bytes, length);
        uart_write(bytes, length);
        break;
    case REPORT_CORRUPT:
        middle ^= 1;
        uart_write(bytes, length / 2);
        uart_write(&middle, 1);
        uart_write(bytes + length / 2 + 1, length - length / 2 - 1);
        break;
    default: break;
    }
    damage = REPORT_INTACT;
}

static void transmit(void *context, const char *bytes, size_t length)
{
    (void)context;
    if (damage != REPORT_INTACT && is_bench(bytes, length))
        transmit_damaged(bytes, length);
    else
        uart_write(bytes, length);
}

void report_hello(const char *build, unsigned cpus, uint64_t tsc_khz, const char *cmdline)
{
    const uint64_t flags = spin_lock(&lock);

    synos_records_init(&stream, transmit, NULL);
    synos_record_hello(&stream, "synos", build, cpus, tsc_khz, cmdline);
    spin_unlock(&lock, flags);
}

void report_bench(const struct synos_figure *figure)
{
    const uint64_t flags = spin_lock(&lock);

    synos_record_figure(&stream, "bench", figure);
    spin_unlock(&lock, flags);
}

void report_stat(const struct synos_figure *figure)
{
    const uint64_t flags = spin_lock(&lock);

    synos_record_figure(&stream, "stat", figure);
    spin_unlock(&lock, flags);
}

void report_series(const struct synos_figure *figure)
{
    synos_record_figure(&stream, "series", figure);
}

void report_note(const char *format, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    fmt_vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    const uint64_t flags = spin_lock(&lock);
    synos_record_note(&stream, text);
    spin_unlock(&lock, flags);
}

void report_end(void)
{
    const uint64_t flags = spin_lock(&lock);

    synos_record_end(&stream);
    spin_unlock(&lock, flags);
}

void report_damage_next(enum report_damage how)
{
    damage = how;
}
