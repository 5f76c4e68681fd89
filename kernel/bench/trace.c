/*
 * Replays each trace that was handed over on each allocator, and all of them together as tenants of one
 * machine.
 *
 *     latency       ticks for one allocation and its free
 *     arena         the smallest arena on which the trace runs / most bytes that live at once, in percent
 *     internal      granted beyond what was asked for, share of what is granted, over all allocations
 *     external      1 - largest free block / all that is free, in an arena of 1.5 times the most that lives
 * (or the smallest, when that is larger), mean over 64 points of the trace reuse         share of allocations
 * that get an address which an earlier one had footprint     series: bytes that the allocator holds, over the
 * trace; live: those that were asked for
 */
#include <synos/report.h>
#include "front.h"
#include "kmem_arena.h"
#include "trace_files.h"
#include "trace_replay.h"

enum { EVENTS_A_SAMPLE = 20000, LARGEST_ARENA = 8, LEAST_ARENA = 1 << 16 };

/* What a trace is replayed on, and what replaying it takes. */
struct stage {
    struct bench *bench;
    const struct trace *trace;
    const struct allocator *allocator;
    const struct replay_hooks *hooks;
    void **slots;
    void *arena; /* NULL for those that bring their own memory */
    size_t arena_bytes;
};

static const struct player {
    const struct allocator *allocator;
    const struct replay_hooks *hooks;
} players[] = {
    {&kmem_in_arena, &kmem_hooks},         {&heap_in_arena, &kmem_hooks},
    {&baselines[BASELINE_FIRSTFIT], NULL}, {&baselines[BASELINE_TLSF], NULL},
    {&baselines[BASELINE_BUDDY], NULL},    {&baselines[BASELINE_LIST], NULL},
};

static uint64_t share(uint64_t part, uint64_t whole)
{
    return (part * 100 + whole / 2) / whole;
}

static void measure_time(const struct stage *stage)
{
    struct bench *bench = stage->bench;
    const size_t events = stage->trace->event_count;

    bench->operations = (uint32_t)stage->trace->allocations;
    bench->iterations = (uint32_t)(EVENTS_A_SAMPLE / events) ?: 1;
    bench->samples = events > EVENTS_A_SAMPLE ? 3 : BENCH_SAMPLES;
    BENCH_BASELINE(bench)
    replay_idly(stage->trace, stage->slots);
    BENCH_LOOP(bench)
    replay(stage->trace, stage->allocator, stage->slots);
}

/* Bytes, 0 when none was found. */
static size_t measure_arena(const struct stage *stage)
{
    const size_t smallest =
        replay_smallest_arena(stage->trace, stage->allocator, stage->arena, stage->arena_bytes, stage->slots);

    if (smallest > 0)
        bench_figure(stage->bench, "arena", "percent", share(smallest, stage->trace->peak));
    else
        report_note("trace %s: no arena of %s was found that it runs on", stage->trace->name,
                    stage->allocator->name);
    return smallest;
}

static void report_sight(const struct stage *stage, const struct replay_sight *sight)
{
    struct bench *bench = stage->bench;

    bench_figure(bench, "internal", "percent", share(sight->granted - sight->requested, sight->granted));
    bench_figure(bench, "reuse", "percent", share(sight->reused, stage->trace->allocations));
    if (stage->hooks && stage->hooks->is_pooled)
        bench_figure(bench, "pooled", "percent", share(sight->pooled, stage->trace->allocations));
    bench_series(bench, "footprint", "bytes", sight->footprint, sight->points, sight->step);
}

/* Looks in an arena of `bytes`, or the next larger one on which the trace runs: that it runs on one does not
 * mean that it runs on all larger ones. */
static bool look_in_arena(const struct stage *stage, size_t bytes, const struct replay_hooks *hooks,
                          void *seen, struct replay_sight *out)
{
    for (; bytes <= stage->arena_bytes; bytes += bytes / 8)
        if (stage->allocator->start(stage->arena, bytes) &&
            replay_and_look(stage->trace, stage->allocator, hooks, stage->slots, seen, out))
            return true;
    return false;
}

/* Two replays: looking for the largest free block of kmalloc is work for it, and would be seen in its
 * footprint. Without an arena, kmalloc's footprint is told all the same. */
static void measure_space(const struct stage *stage, size_t smallest, void *seen)
{
    static struct replay_sight sight;
    const struct replay_hooks plain = stage->hooks ? *stage->hooks : (struct replay_hooks){0};
    const struct replay_hooks probing = {.space = stage->allocator->space};
    const size_t wanted = stage->trace->peak + stage->trace->peak / 2;
    const size_t bytes = wanted > smallest ? wanted : smallest;

    if (stage->hooks) kmem_arena_end();
    if (stage->hooks ? replay_and_look(stage->trace, stage->allocator, &plain, stage->slots, seen, &sight)
                     : look_in_arena(stage, bytes, &plain, seen, &sight))
        report_sight(stage, &sight);
    if (smallest > 0 && look_in_arena(stage, bytes, &probing, seen, &sight))
        bench_figure(stage->bench, "external", "percent", (sight.external + 5) / 10);
}

static void play(const struct stage *stage, void *seen)
{
    bench_label(stage->bench, "allocator", "%s", stage->allocator->name);
    stage->allocator->start(stage->arena, stage->arena_bytes);
    if (stage->hooks) kmem_arena_end();
    if (!replay(stage->trace, stage->allocator, stage->slots)) {
        report_note("trace %s: no memory for it in %s: left out", stage->trace->name, stage->allocator->name);
        return;
    }
    measure_time(stage);
    measure_space(stage, measure_arena(stage), seen);
    if (stage->hooks) kmem_arena_end();
}

/* The largest arena that can be had, from a multiple of the peak down to twice. */
static void *take_arena(const struct trace *trace, size_t *bytes)
{
    void *arena = NULL;

    for (size_t times = LARGEST_ARENA; !arena && times >= 2; times /= 2) {
        *bytes = times * trace->peak + LEAST_ARENA;
        arena = bench_memory_take(*bytes);
    }
    return arena;
}

static void describe(const struct bench *bench, const struct trace *trace, const struct replay_sight *sight)
{
    struct bench facts = *bench;

    bench_label(&facts, "trace", "%s", trace->name);
    bench_figure(&facts, "allocations", "objects", trace->allocations);
    bench_figure(&facts, "peak-live", "bytes", trace->peak);
    bench_figure(&facts, "peak-blocks", "objects", trace->slots);
    bench_figure(&facts, "pool-sized", "percent", share(trace->pool_sized, trace->allocations));
    bench_series(&facts, "live", "bytes", sight->live, sight->points, sight->step);
}

/* `bench` has no labels yet. */
static void replay_on_all(struct bench bench, const struct trace *trace)
{
    static struct replay_sight sight;
    const size_t slot_bytes = trace->slots * sizeof(void *), seen_bytes = replay_seen_bytes(trace);
    void **slots = bench_memory_take(slot_bytes);
    void *seen = bench_memory_take(seen_bytes);
    size_t arena_bytes;
    void *arena = take_arena(trace, &arena_bytes);

    if (slots && seen && arena) {
        const struct replay_hooks none = {0};
        const struct allocator *floor = &baselines[BASELINE_FIRSTFIT];

        for (size_t i = 0; i < trace->slots; i++) slots[i] = NULL;
        floor->start(arena, arena_bytes);
        if (replay_and_look(trace, floor, &none, slots, seen, &sight)) describe(&bench, trace, &sight);
        bench_label(&bench, "trace", "%s", trace->name);
        for (size_t i = 0; i < sizeof(players) / sizeof(players[0]); i++) {
            const struct stage stage = {&bench, trace, players[i].allocator, players[i].hooks,
                                        slots,  arena, arena_bytes};
            play(&stage, seen);
        }
    } else {
        report_note("trace %s: no memory to replay it in: left out", trace->name);
    }
    if (arena) bench_memory_give(arena, arena_bytes);
    if (seen) bench_memory_give(seen, seen_bytes);
    if (slots) bench_memory_give(slots, slot_bytes);
}

static void take_name(struct trace *trace, const char *name)
{
    size_t at = 0;

    for (; at + 1 < TRACE_NAME_MAX && name[at] != '\0'; at++) trace->name[at] = name[at];
    trace->name[at] = '\0';
}

/* Reads a file into frames that stay: its events are needed again for the mix. */
static bool decode(struct bench *bench, const struct trace_file *file, struct trace *out)
{
    size_t bytes;
    struct trace_fault fault = trace_measure(file->data, file->length, &bytes);
    void *memory = fault.what ? NULL : bench_memory_take(bytes);

    if (memory) fault = trace_decode(file->data, file->length, memory, out);
    if (!fault.what && !memory) fault.what = "there is no memory for its events";
    if (!fault.what) {
        take_name(out, file->name);
        return true;
    }
    if (memory) bench_memory_give(memory, bytes);
    bench_fail(bench, "trace %.60s: %s (byte %zu)", file->name, fault.what, fault.at);
    return false;
}

static void replay_together(struct bench *bench, const struct trace *traces, size_t count)
{
    struct trace mix;
    void *memory = bench_memory_take(trace_mix_memory(traces, count));

    if (!memory) {
        report_note("no memory for all traces together: left out");
        return;
    }
    trace_mix(traces, count, memory, &mix);
    take_name(&mix, "all-together");
    replay_on_all(*bench, &mix);
    bench_memory_give(memory, trace_mix_memory(traces, count));
}

static void bench_replay(struct bench *bench)
{
    static struct trace_file files[TRACE_FILES_MAX];
    static struct trace traces[TRACE_FILES_MAX];
    const char *wrong;
    const size_t file_count = trace_files(files, &wrong);
    size_t count = 0;

    if (wrong) bench_fail(bench, "the traces that were handed over: %s", wrong);
    for (size_t i = 0; i < file_count; i++) {
        if (!decode(bench, &files[i], &traces[count])) continue;
        replay_on_all(*bench, &traces[count++]);
    }
    if (count > 1) replay_together(bench, traces, count);
}
BENCH(trace, replay, bench_replay);
