/* The harness: runs the benchmarks that the linker collected, and turns their loops into records. */
#include <synos/bench.h>
#include <synos/clock.h>
#include <synos/cmdline.h>
#include <synos/fmt.h>
#include <synos/report.h>
#include <synos/string.h>

extern const struct bench_entry bench_start[], bench_end[];

void bench_label(struct bench *bench, const char *key, const char *format, ...)
{
    size_t at = 0;
    va_list arguments;

    while (at < bench->label_count && strcmp(bench->labels[at].key, key) != 0) at++;
    if (at == BENCH_LABELS) return;
    if (at == bench->label_count) bench->label_count++;
    bench->labels[at].key = key;
    va_start(arguments, format);
    fmt_vsnprintf(bench->labels[at].value, sizeof(bench->labels[at].value), format, arguments);
    va_end(arguments);
}

static void send_by(void (*report)(const struct synos_figure *), const struct bench *bench,
                    const struct synos_figure *figure)
{
    struct synos_label labels[BENCH_LABELS];
    struct synos_figure whole = *figure;

    for (size_t i = 0; i < bench->label_count; i++)
        labels[i] = (struct synos_label){bench->labels[i].key, bench->labels[i].value};
    whole.suite = bench->suite;
    whole.name = bench->name;
    whole.labels = labels;
    whole.label_count = bench->label_count;
    report(&whole);
}

static void send(const struct bench *bench, const struct synos_figure *figure)
{
    send_by(report_bench, bench, figure);
}

void bench_figure(struct bench *bench, const char *metric, const char *unit, uint64_t value)
{
    struct synos_figure figure = {.metric = metric, .unit = unit, .value = value};

    send(bench, &figure);
}

void bench_series(struct bench *bench, const char *metric, const char *unit, const uint64_t *values,
                  size_t count, uint64_t step)
{
    struct synos_figure figure = {
        .metric = metric, .unit = unit, .iterations = step, .samples = values, .sample_count = count};

    for (size_t i = 0; i < count; i++)
        if (values[i] > figure.value) figure.value = values[i];
    if (count > 0) send_by(report_series, bench, &figure);
}

void bench_fail(struct bench *bench, const char *format, ...)
{
    char text[128];
    va_list arguments;

    va_start(arguments, format);
    fmt_vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    report_note("%s %s failed: %s", bench->suite, bench->name, text);
    bench->failures++;
}

static uint64_t median(const uint64_t *values, size_t count)
{
    uint64_t sorted[BENCH_SAMPLES] = {0};

    for (size_t i = 0; i < count; i++) {
        size_t at = i;

        for (; at > 0 && sorted[at - 1] > values[i]; at--) sorted[at] = sorted[at - 1];
        sorted[at] = values[i];
    }
    return sorted[count / 2];
}

/* Ticks for one operation, to the nearest; what the loop itself costs is taken off first. */
static uint64_t per_operation(const struct bench *bench, uint64_t ticks)
{
    const uint64_t operations = (uint64_t)bench->iterations * bench->operations;

    return ticks <= bench->baseline ? 0 : (ticks - bench->baseline + operations / 2) / operations;
}

static void report_loop(struct bench *bench)
{
    uint64_t samples[BENCH_SAMPLES];
    struct synos_figure figure = {
        .metric = "latency",
        .unit = bench->unit,
        .iterations = bench->iterations,
        .samples = samples,
        .sample_count = bench->samples,
    };

    for (size_t i = 0; i < bench->samples; i++) samples[i] = per_operation(bench, bench->ticks[i]);
    figure.value = bench->value = median(samples, bench->samples);
    send(bench, &figure);
}

/* All samples of a loop are there: it was the baseline of the next one, or it is the measurement itself. */
static void finish(struct bench *bench)
{
    if (bench->measures_baseline) {
        bench->baseline = median(bench->ticks, bench->samples);
        bench->has_baseline = true;
        bench->measures_baseline = false;
    } else {
        report_loop(bench);
        bench->has_baseline = false;
    }
    bench->taken = -2;
}

void bench_begin_baseline(struct bench *bench)
{
    bench->measures_baseline = true;
}

static void measure_empty_loop(struct bench *bench)
{
    BENCH_BASELINE(bench) {}
}

/* Called before each sample and once after the last; the clock is read last going in and first coming out. */
bool bench_sample(struct bench *bench)
{
    const uint64_t now = clock_ticks();

    if (bench->taken == -2 && !bench->measures_baseline && !bench->has_baseline) measure_empty_loop(bench);
    if (bench->taken >= 0) bench->ticks[bench->taken] = now - bench->started;
    if (++bench->taken == bench->samples) {
        finish(bench);
        return false;
    }
    bench->started = clock_ticks();
    return true;
}

static bool is_first_of_suite(const struct bench_entry *entry)
{
    for (const struct bench_entry *before = bench_start; before < entry; before++)
        if (strcmp(before->suite, entry->suite) == 0) return false;
    return true;
}

static bool is_selected(const char *selection, const char *suite)
{
    return strcmp(selection, "all") == 0 || cmdline_has_word(selection, suite);
}

static unsigned count_words(const char *list)
{
    unsigned count = *list != '\0';

    for (; *list != '\0'; list++) count += *list == ',';
    return count;
}

/* Words of the selection that name no suite: a misspelt one must not look like one that ran. */
static unsigned count_unknown(const char *selection)
{
    unsigned known = 0;

    if (strcmp(selection, "all") == 0 || strcmp(selection, "none") == 0) return 0;
    for (const struct bench_entry *entry = bench_start; entry < bench_end; entry++)
        known += is_first_of_suite(entry) && cmdline_has_word(selection, entry->suite);
    if (known != count_words(selection)) report_note("bench=%s names a suite that does not exist", selection);
    return count_words(selection) - known;
}

unsigned bench_run(const char *selection, const char *clock)
{
    unsigned failures = 0;

    for (const struct bench_entry *entry = bench_start; entry < bench_end; entry++) {
        struct bench bench = {
            .iterations = BENCH_ITERATIONS,
            .operations = 1,
            .samples = BENCH_SAMPLES,
            .suite = entry->suite,
            .name = entry->name,
            .unit = clock,
            .taken = -2,
        };

        if (is_selected(selection, entry->suite)) entry->function(&bench);
        failures += bench.failures;
    }
    return failures + count_unknown(selection);
}
