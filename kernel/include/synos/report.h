/* The kernel's own records: one stream from hello to end, over the serial port. The format is record.h. Any
 * CPU may send a record: each goes out whole. */
#ifndef SYNOS_REPORT_H
#define SYNOS_REPORT_H

#include <synos/record.h>

/* Opens the stream: always the first record. `build` is the GNU build id in hex, `tsc_khz` 0 when unknown. */
void report_hello(const char *build, unsigned cpus, uint64_t tsc_khz, const char *cmdline);
void report_bench(const struct synos_figure *figure);
void report_series(const struct synos_figure *figure);
void report_stat(const struct synos_figure *figure);
void report_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Closes the stream: always the last record. */
void report_end(void);

/* For fault=drop|repeat|corrupt: what happens to the next bench record on its way out. */
enum report_damage { REPORT_INTACT, REPORT_DROP, REPORT_REPEAT, REPORT_CORRUPT };
void report_damage_next(enum report_damage how);

#endif
