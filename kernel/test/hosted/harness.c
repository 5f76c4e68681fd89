/* Tests of the benchmark harness on a clock that the benchmarks move themselves: what it must report is then
 * known exactly. */
#include <stdio.h>
#include <string.h>
#include <synos/bench.h>
#include <synos/clock.h>
#include <synos/ktest.h>
#include <synos/report.h>

uint64_t shim_ticks;

static struct {
    unsigned records, notes;
    uint64_t value, iterations, samples[BENCH_SAMPLES];
    size_t sample_count;
    char name[64];
} got;

/* In place of bench/report.c: keeps the last figure, with its name and labels as one text. */
void report_bench(const struct synos_figure *figure)
{
    got.records++;
    got.value = figure->value;
    got.iterations = figure->iterations;
    got.sample_count = figure->sample_count;
    for (size_t i = 0; i < figure->sample_count; i++) got.samples[i] = figure->samples[i];
    int length = snprintf(got.name, sizeof(got.name), "%s.%s.%s.%s", figure->suite, figure->name,
                          figure->metric, figure->unit);
    for (size_t i = 0; i < figure->label_count && length < (int)sizeof(got.name); i++)
        length += snprintf(got.name + length, sizeof(got.name) - (size_t)length, " %s=%s",
                           figure->labels[i].key, figure->labels[i].value);
}

void report_series(const struct synos_figure *figure)
{
    report_bench(figure);
}

void report_note(const char *format, ...)
{
    (void)format;
    got.notes++;
}

static void seven_ticks(struct bench *bench)
{
    BENCH_LOOP(bench) shim_ticks += 7;
}
BENCH(fake, seven, seven_ticks);

/* Bookkeeping costs 3 ticks, and four operations of 5 ticks each follow. */
static void with_bookkeeping(struct bench *bench)
{
    bench->iterations = 10;
    bench->operations = 4;
    bench_label(bench, "bytes", "%d", 64);
    bench_label(bench, "bytes", "%d", 128);
    bench_label(bench, "allocator", "none");
    BENCH_BASELINE(bench) shim_ticks += 3;
    BENCH_LOOP(bench) shim_ticks += 3 + 4 * 5;
}
BENCH(booked, twenty, with_bookkeeping);

/* Each sample is slower than the one before: the warm-up, which would be the fastest, must not be among them.
 */
static void ever_slower(struct bench *bench)
{
    uint64_t calls = 0;

    bench->iterations = 100;
    BENCH_LOOP(bench) shim_ticks += calls++ / 100;
}
BENCH(slow, slower, ever_slower);

static void cheaper_than_nothing(struct bench *bench)
{
    BENCH_BASELINE(bench) shim_ticks += 9;
    BENCH_LOOP(bench) shim_ticks += 8;
}
BENCH(odd, negative, cheaper_than_nothing);

static void plain_figure(struct bench *bench)
{
    bench_figure(bench, "footprint", "percent", 118);
}
BENCH(plain, figure, plain_figure);

static void readings(struct bench *bench)
{
    static const uint64_t bytes[] = {3, 9, 4};

    bench_series(bench, "live", "bytes", bytes, 3, 100);
    bench_series(bench, "nothing", "bytes", bytes, 0, 100);
}
BENCH(course, series, readings);

static void failing(struct bench *bench)
{
    bench_fail(bench, "because of %d", 7);
    bench_fail(bench, "and again");
}
BENCH(broken, twice, failing);

static void run(const char *suite)
{
    memset(&got, 0, sizeof(got));
    bench_run(suite, "cycles");
}

KTEST(bench_harness, a_figure_is_the_ticks_of_one_operation)
{
    run("fake");
    KTEST_EQUAL(test, got.records, 1);
    KTEST_EQUAL(test, got.value, 7);
    KTEST_EQUAL(test, got.iterations, BENCH_ITERATIONS);
    KTEST_EQUAL(test, got.sample_count, BENCH_SAMPLES);
    KTEST_TEXT(test, got.name, "fake.seven.latency.cycles");
}

KTEST(bench_harness, what_the_loop_does_besides_is_taken_off_and_the_rest_divided)
{
    run("booked");
    KTEST_EQUAL(test, got.value, 5);
    KTEST_TEXT(test, got.name, "booked.twenty.latency.cycles bytes=128 allocator=none");
}

KTEST(bench_harness, the_warm_up_is_no_sample_and_the_value_is_the_median)
{
    run("slow");
    for (uint64_t i = 0; i < BENCH_SAMPLES; i++) KTEST_EQUAL(test, got.samples[i], i + 1);
    KTEST_EQUAL(test, got.value, BENCH_SAMPLES / 2 + 1);
}

KTEST(bench_harness, less_than_the_baseline_is_nothing_and_no_huge_number)
{
    run("odd");
    KTEST_EQUAL(test, got.value, 0);
}

KTEST(bench_harness, a_plain_figure_has_no_samples)
{
    run("plain");
    KTEST_EQUAL(test, got.value, 118);
    KTEST_EQUAL(test, got.sample_count, 0);
    KTEST_TEXT(test, got.name, "plain.figure.footprint.percent");
}

KTEST(bench_harness, a_series_keeps_its_readings_and_is_worth_the_highest)
{
    run("course");
    KTEST_EQUAL(test, got.records, 1);
    KTEST_EQUAL(test, got.value, 9);
    KTEST_EQUAL(test, got.iterations, 100);
    KTEST_EQUAL(test, got.sample_count, 3);
    KTEST_EQUAL(test, got.samples[2], 4);
}

KTEST(bench_harness, what_a_benchmark_finds_wrong_is_told_and_counted)
{
    got.notes = 0;
    KTEST_EQUAL(test, bench_run("broken", "cycles"), 2);
    KTEST_EQUAL(test, got.notes, 2);
}

KTEST(bench_harness, a_suite_that_does_not_exist_is_counted_and_told)
{
    KTEST_EQUAL(test, bench_run("none", "cycles"), 0);
    got.records = got.notes = 0;
    KTEST_EQUAL(test, bench_run("fake,fakes", "cycles"), 1);
    KTEST_EQUAL(test, got.records, 1);
    KTEST_EQUAL(test, got.notes, 1);
    KTEST_EQUAL(test, bench_run("all", "cycles"), 2); /* those of `broken` */
    KTEST_EQUAL(test, got.records, 7);
}
