/*
 * In-kernel benchmarks. A new one is one function and one line:
 *
 *     static void crc_of_a_page(struct bench *bench)
 *     {
 *         BENCH_LOOP(bench)
 *             sink = crc32_update(0, page, sizeof(page));
 *     }
 *     BENCH(lib, crc32, crc_of_a_page)
 *
 * The harness runs the loop once to warm up and then takes samples of it, each `iterations` long; it
 * subtracts what the same loop costs when it is empty, divides by the operations, and prints one record: the
 * median and all samples. Entries lie in the section `.bench`; the linker script keeps them between
 * bench_start and bench_end.
 */
#ifndef SYNOS_BENCH_H
#define SYNOS_BENCH_H

#include <synos/registry.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_SAMPLES = 11, BENCH_LABELS = 4, BENCH_ITERATIONS = 200, BENCH_POINTS = 64 };

struct bench {
    /* A benchmark may set these before its loop; they hold until it sets them again. */
    uint32_t iterations; /* of the loop in one sample */
    uint32_t operations; /* in one iteration: the figure is ticks for one operation */
    uint32_t samples;    /* at most BENCH_SAMPLES */

    uint64_t value; /* what the last loop came to, as it was reported */

    /* The harness's own. */
    const char *suite, *name, *unit;
    struct bench_label {
        const char *key;
        char value[24];
    } labels[BENCH_LABELS];
    size_t label_count;
    int64_t taken; /* samples so far; the one numbered -1 warms up */
    uint64_t started, baseline, ticks[BENCH_SAMPLES];
    bool measures_baseline, has_baseline;
    unsigned failures;
};

struct bench_entry {
    const char *suite, *name;
    void (*function)(struct bench *bench);
};

#define BENCH(suite_name, bench_name, bench_function)                                                        \
    static const struct bench_entry suite_name##_##bench_name##_entry SYNOS_REGISTERED(".bench") = {         \
        #suite_name, #bench_name, bench_function};

/* The loop to measure: its body is one iteration. */
#define BENCH_LOOP(bench)                                                                                    \
    while (bench_sample(bench))                                                                              \
        for (uint64_t left_ = (bench)->iterations; left_ > 0; left_--, bench_barrier())

/* What the next BENCH_LOOP has in its body besides the operation (choosing a slot, say): is subtracted in
 * place of the empty loop. */
#define BENCH_BASELINE(bench)                                                                                \
    bench_begin_baseline(bench);                                                                             \
    BENCH_LOOP(bench)

/* The compiler may neither drop an iteration nor move memory accesses out of it. */
static inline void bench_barrier(void)
{
    __asm__ volatile("" : : : "memory");
}

/* Keeps a value, and with it the work that made it. */
static inline void bench_keep(const void *value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

bool bench_sample(struct bench *bench);
void bench_begin_baseline(struct bench *bench);

/* Sets a label of the records to come; formats as fmt_snprintf does and keeps 23 characters. */
void bench_label(struct bench *bench, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints a figure that is no latency, with the labels that are set. `unit` is one of docs/records.md. */
void bench_figure(struct bench *bench, const char *metric, const char *unit, uint64_t value);

/*
 * Prints readings over the course of one piece of work, in order, at most BENCH_POINTS; `step` operations lie
 * between two of them, and before the first.
 */
void bench_series(struct bench *bench, const char *metric, const char *unit, const uint64_t *values,
                  size_t count, uint64_t step);

/* A note that counts as a failure of the run. */
void bench_fail(struct bench *bench, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Runs the suites that `selection` names (`all`, `none`, or suites separated by commas). `clock` is the unit
 * that one tick of the clock stands for: "cycles", or "instructions" under QEMU's -icount. Returns how many
 * benchmarks failed, and how many suites were named that do not exist.
 */
unsigned bench_run(const char *selection, const char *clock);

/* Prints what frames, pools and heap counted since the start, as stat records. */
void bench_stats(void);

/* Prints what is still live, by who allocated it, as notes; nothing in the release profile. */
void bench_leaks(void);

#endif
