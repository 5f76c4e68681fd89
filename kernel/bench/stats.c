/* What frames, pools and heap counted since the start. */
#include <synos/bench.h>
#include <synos/fmt.h>
#include <synos/frame.h>
#include <synos/heap.h>
#include <synos/pool.h>
#include <synos/report.h>

static void stat(const char *suite, const char *name, const char *metric, const char *unit, uint64_t value)
{
    const struct synos_figure figure = {
        .suite = suite, .name = name, .metric = metric, .unit = unit, .value = value};

    report_stat(&figure);
}

static void class_stat(const struct pool_stats *stats, const char *metric, const char *unit, uint64_t value)
{
    char bytes[24];
    const struct synos_label label = {"bytes", bytes};
    const struct synos_figure figure = {
        .suite = "pool",
        .name = "class",
        .metric = metric,
        .unit = unit,
        .value = value,
        .labels = &label,
        .label_count = 1,
    };

    fmt_snprintf(bytes, sizeof(bytes), "%zu", stats->bytes);
    report_stat(&figure);
}

static void pool_class_stats(unsigned class)
{
    struct pool_stats stats;

    pool_stats(class, &stats);
    class_stat(&stats, "live", "objects", stats.live);
    class_stat(&stats, "peak", "objects", stats.peak);
    class_stat(&stats, "committed", "bytes", stats.committed);
    class_stat(&stats, "allocations", "objects", stats.allocations);
    class_stat(&stats, "hits", "objects", stats.hits);
    class_stat(&stats, "refills", "objects", stats.refills);
    class_stat(&stats, "flushes", "objects", stats.flushes);
    class_stat(&stats, "fallbacks", "objects", stats.fallbacks);
    class_stat(&stats, "reuse", "percent", stats.reuse_permille / 10);
}

void bench_stats(void)
{
    struct heap_stats heap;
    struct frame_stats frames;

    for (unsigned class = 0; class < POOL_CLASSES; class ++) pool_class_stats(class);
    heap_stats(&heap);
    stat("heap", "heap", "live", "bytes", heap.live);
    stat("heap", "heap", "peak", "bytes", heap.peak);
    stat("heap", "heap", "committed", "bytes", heap.committed);
    stat("heap", "heap", "allocations", "objects", heap.allocations);
    stat("heap", "heap", "failures", "objects", heap.failures);
    frame_stats(&frames);
    stat("frame", "frames", "total", "pages", frames.total);
    stat("frame", "frames", "free", "pages", frames.free);
    stat("frame", "frames", "lowest-free", "pages", frames.lowest_free);
    stat("frame", "frames", "largest-free", "pages", frames.largest_free);
}
