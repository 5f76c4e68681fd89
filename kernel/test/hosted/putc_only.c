/*
 * A kernel that has nothing but a putc, with record.h alone: prints the test vectors of docs/records.md.
 * Built as strict C99 and without the rest of SynOS, so that the header cannot come to need any of it.
 */
#include "record.h"

int putchar(int byte);
int main(void);

static void serial_putc(char byte)
{
    putchar(byte);
}

int main(void)
{
    static struct synos_records records;
    const uint64_t samples[] = {51, 51, 52};
    const struct synos_label labels[] = {{"allocator", "pool"}, {"bytes", "4096"}};
    const struct synos_figure pair = {"alloc", "pair", "latency", "cycles", 51, 1000, samples, 3, labels, 2};

    const uint64_t readings[] = {64, 4096, 128};
    const struct synos_figure live = {"trace", "replay", "live", "bytes", 4096, 100, readings, 3, NULL, 0};

    synos_records_init_putc(&records, serial_putc);
    synos_record_hello(&records, "demo", "00ff", 1, 1000000, "bench=all");
    synos_record_figure(&records, "bench", &pair);
    synos_record_figure(&records, "series", &live);
    synos_record_note(&records, "tab\t quote\" back\\slash \xe4\x7f");
    synos_record_begin(&records, "stat");
    synos_record_number(&records, "value", UINT64_MAX);
    synos_record_send(&records);
    synos_record_end(&records);
    return 0;
}
