/* Tests of allocation traces: how they are read, whatever their bytes are, and how they are replayed. */
#include <synos/heap.h>
#include <synos/ktest.h>
#include <synos/rng.h>
#include <synos/string.h>
#include "../bench/trace_replay.h"

#define HEADER "AT1 {}\n"
/* Events of one byte a number: sizes up to 63, ages up to 63. */
#define ALLOC(bytes) (unsigned char)((bytes) << 1), 0
#define FREE(age)    (unsigned char)((age) << 1 | 1), 0
#define ARENA        (1ul << 20)

enum { BYTES_MAX = 512 };

static unsigned char text[BYTES_MAX];
static uint64_t memory[8192];
static struct trace trace;

/* The header and these bytes behind it; returns the length of both. */
static size_t write(const unsigned char *events, size_t length)
{
    memcpy(text, HEADER, sizeof(HEADER) - 1);
    if (length > 0) memcpy(text + sizeof(HEADER) - 1, events, length);
    return sizeof(HEADER) - 1 + length;
}

static const char *read(size_t length)
{
    size_t needed;
    struct trace_fault fault = trace_measure(text, length, &needed);

    if (!fault.what) fault = trace_decode(text, length, memory, &trace);
    return fault.what ?: "fine";
}

static const char *read_events(const unsigned char *events, size_t length)
{
    return read(write(events, length));
}

#define READ(...)                                                                                            \
    read_events((const unsigned char[]){__VA_ARGS__}, sizeof((const unsigned char[]){__VA_ARGS__}))

#define EVENT(test, at, bytes_wanted, slot_wanted)                                                           \
    do {                                                                                                     \
        KTEST_EQUAL(test, trace.events[at].bytes, bytes_wanted);                                             \
        KTEST_EQUAL(test, trace.events[at].slot, slot_wanted);                                               \
    } while (0)

KTEST(bench_trace, ages_become_slots_and_a_slot_is_used_again)
{
    KTEST_TEXT(test, READ(ALLOC(10), ALLOC(20), FREE(2), ALLOC(5), FREE(1), FREE(2)), "fine");
    KTEST_EQUAL(test, trace.event_count, 6);
    EVENT(test, 0, 10, 0);
    EVENT(test, 1, 20, 1);
    EVENT(test, 2, 0, 0);
    EVENT(test, 3, 5, 0);
    EVENT(test, 4, 0, 0);
    EVENT(test, 5, 0, 1);
    KTEST_EQUAL(test, trace.allocations, 3);
    KTEST_EQUAL(test, trace.slots, 2);
    KTEST_EQUAL(test, trace.peak, 30);
    KTEST_EQUAL(test, trace.threads, 1);
}

KTEST(bench_trace, what_lives_at_the_end_is_freed_there)
{
    KTEST_TEXT(test, READ(ALLOC(10), ALLOC(20), FREE(2), ALLOC(7)), "fine");
    KTEST_EQUAL(test, trace.event_count, 6);
    EVENT(test, 4, 0, 1);
    EVENT(test, 5, 0, 0);
}

KTEST(bench_trace, numbers_of_several_bytes_and_threads_are_read)
{
    /* 8192 << 1 is 0x4000: 80 80 01; 64 << 1 is 128: 80 01; thread 300: ac 02. */
    KTEST_TEXT(test, READ(0x80, 0x80, 1, 0xac, 2, 0x80, 1, 0, ALLOC(63)), "fine");
    EVENT(test, 0, 8192, 0);
    EVENT(test, 1, 64, 1);
    KTEST_EQUAL(test, trace.pool_sized, 2);
    KTEST_EQUAL(test, trace.threads, 301);
}

KTEST(bench_trace, what_is_no_trace_is_refused_with_the_reason)
{
    KTEST_TEXT(test, READ(FREE(1)), "a free is older than every allocation, or of age 0");
    KTEST_TEXT(test, READ(ALLOC(1), FREE(0)), "a free is older than every allocation, or of age 0");
    KTEST_TEXT(test, READ(ALLOC(1), FREE(2)), "a free is older than every allocation, or of age 0");
    KTEST_TEXT(test, READ(ALLOC(1), FREE(1), FREE(1)), "a free is of an allocation that was freed before");
    KTEST_TEXT(test, READ(ALLOC(1), ALLOC(0)), "an allocation is of no bytes");
    KTEST_TEXT(test, READ(ALLOC(1), 0x80), "a number is cut off");
    KTEST_TEXT(test, READ(ALLOC(1), 2), "a number is cut off");
    KTEST_TEXT(test, READ(ALLOC(1), 2, 0x80, 0x80, 4), "a thread has a number beyond 65535");
    KTEST_TEXT(test, READ(0x82, 0x80, 0x80, 0x80, 8, 0), "an allocation is larger than 1 GiB");
    KTEST_TEXT(test, READ(0x80, 0x80, 0x80, 0x80, 8, 0), "fine");
    KTEST_TEXT(test, READ(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0),
               "a free is older than every allocation, or of age 0");
    KTEST_TEXT(test, READ(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0),
               "a number is longer than 64 bits");
    KTEST_TEXT(test, read(0), "it does not begin with `AT1 {`");
    KTEST_TEXT(test, read(sizeof(HEADER) - 2), "its first line is not closed by `}` and an end of line");
    KTEST_TEXT(test, read(sizeof(HEADER) - 1), "it holds no allocation");
    KTEST_TEXT(test, read(TRACE_BYTES_MAX + 1ul), "it is larger than 16 MiB");
    write(NULL, 0);
    memset(text + 5, '{', sizeof(text) - 5);
    KTEST_TEXT(test, read(sizeof(text)), "its first line is not closed by `}` and an end of line");
}

KTEST(bench_trace, a_fault_names_the_byte_of_its_event)
{
    const unsigned char events[] = {ALLOC(1), FREE(1), ALLOC(0)};
    size_t needed;

    const struct trace_fault fault = trace_measure(text, write(events, sizeof(events)), &needed);
    KTEST_EQUAL(test, fault.at, sizeof(HEADER) - 1 + 4);
}

/* Any bytes are a trace or are refused; with a byte of zeros behind the memory that was asked for, nothing
 * more is written. */
KTEST(bench_trace, random_bytes_are_read_or_refused_and_memory_holds)
{
    struct rng rng;
    unsigned fine = 0;

    rng_seed(&rng, 17);
    for (int round = 0; round < 3000; round++) {
        unsigned char events[64];
        const size_t length = rng_below(&rng, sizeof(events));
        size_t needed;

        for (size_t i = 0; i < length; i++)
            events[i] = (unsigned char)(round % 2 ? rng_below(&rng, 256) : 2 + rng_below(&rng, 6));
        const size_t whole = write(events, length);
        if (trace_measure(text, whole, &needed).what) continue;
        memory[needed / 8] = 0xfeedfacecafebeef;
        fine += trace_decode(text, whole, memory, &trace).what == NULL;
        KTEST_TRUE(test, memory[needed / 8] == 0xfeedfacecafebeef);
    }
    KTEST_TRUE(test, fine > 50);
}

/* A trace with holes: blocks of two sizes, every second one freed, then larger ones. */
static void make_trace(void)
{
    unsigned char events[400];
    size_t at = 0;

    for (int i = 0; i < 40; i++) {
        events[at++] = 0xc8; /* 100 bytes */
        events[at++] = 1;
        events[at++] = 0;
    }
    for (int i = 0; i < 20; i++) {
        events[at++] = (unsigned char)(((40 - 2 * i) << 1) | 1);
        events[at++] = 0;
    }
    for (int i = 0; i < 20; i++) {
        events[at++] = 0xd8; /* 300 bytes */
        events[at++] = 4;
        events[at++] = 0;
    }
    read_events(events, at);
}

static void *slots[64];
static unsigned char seen[8192];

static bool slots_are_empty(void)
{
    for (size_t i = 0; i < 64; i++)
        if (slots[i]) return false;
    return true;
}

KTEST(bench_trace, the_smallest_arena_runs_and_a_smaller_one_does_not)
{
    void *arena = heap_alloc(ARENA);

    make_trace();
    KTEST_EQUAL(test, trace.peak, 20 * 100 + 20 * 300);
    for (int i = 0; i < BASELINE_COUNT; i++) {
        const size_t bytes = replay_smallest_arena(&trace, &baselines[i], arena, ARENA, slots);

        KTEST_TRUE(test, bytes > trace.peak && bytes < 3 * trace.peak);
        KTEST_TRUE(test, baselines[i].start(arena, bytes) && replay(&trace, &baselines[i], slots));
        KTEST_TRUE(test, slots_are_empty());
        KTEST_TRUE(test,
                   !baselines[i].start(arena, bytes - bytes / 256) || !replay(&trace, &baselines[i], slots));
        KTEST_TRUE(test, slots_are_empty());
        KTEST_EQUAL(test, replay_smallest_arena(&trace, &baselines[i], arena, trace.peak / 2, slots), 0);
    }
    KTEST_TRUE(test, replay_idly(&trace, slots) && slots_are_empty());
    heap_free(arena);
}

KTEST(bench_trace, a_look_counts_what_was_granted_and_what_came_back)
{
    const struct allocator *list = &baselines[BASELINE_LIST];
    const struct replay_hooks hooks = {.space = list->space};
    struct replay_sight sight;
    void *arena = heap_alloc(ARENA);

    KTEST_TEXT(test, READ(ALLOC(60), ALLOC(20), FREE(1), ALLOC(30), FREE(1), FREE(3)), "fine");
    KTEST_TRUE(test, replay_seen_bytes(&trace) <= sizeof(seen));
    list->start(arena, ARENA);
    KTEST_TRUE(test, replay_and_look(&trace, list, &hooks, slots, seen, &sight));
    KTEST_EQUAL(test, sight.requested, 110);
    KTEST_EQUAL(test, sight.granted, 3 * 64);
    KTEST_EQUAL(test, sight.reused, 1);
    KTEST_EQUAL(test, sight.pooled, 0);
    KTEST_EQUAL(test, sight.peak_footprint, 128);
    KTEST_EQUAL(test, sight.points, 6);
    KTEST_EQUAL(test, sight.step, 1);
    KTEST_EQUAL(test, sight.live[1], 80);
    KTEST_EQUAL(test, sight.live[4], 90);
    KTEST_EQUAL(test, sight.footprint[0], 64);
    KTEST_EQUAL(test, sight.footprint[5], 128);
    KTEST_TRUE(test, slots_are_empty());
    heap_free(arena);
}

KTEST(bench_trace, a_look_at_a_trace_that_does_not_fit_ends_and_frees_all)
{
    const struct allocator *tlsf = &baselines[BASELINE_TLSF];
    const struct replay_hooks hooks = {0};
    struct replay_sight sight;
    void *arena = heap_alloc(ARENA);
    struct allocator_space before, after;

    make_trace();
    tlsf->start(arena, trace.peak);
    tlsf->space(&before);
    KTEST_TRUE(test, !replay_and_look(&trace, tlsf, &hooks, slots, seen, &sight));
    KTEST_TRUE(test, slots_are_empty());
    tlsf->space(&after);
    KTEST_EQUAL(test, after.largest, before.largest);
    heap_free(arena);
}

KTEST(bench_trace, a_mix_takes_an_event_of_each_trace_in_turn)
{
    static uint64_t first_memory[64], mix_memory[64];
    struct trace traces[2], mix;

    READ(ALLOC(10), ALLOC(20));
    memcpy(first_memory, memory, sizeof(first_memory));
    traces[0] = trace;
    traces[0].events = (struct trace_event *)first_memory;
    KTEST_TEXT(test, READ(ALLOC(7)), "fine");
    traces[1] = trace;
    KTEST_TRUE(test, trace_mix_memory(traces, 2) <= sizeof(mix_memory));
    trace_mix(traces, 2, mix_memory, &mix);
    KTEST_EQUAL(test, mix.event_count, 6);
    trace = mix;
    EVENT(test, 0, 10, 0);
    EVENT(test, 1, 7, 2);
    EVENT(test, 2, 20, 1);
    EVENT(test, 3, 0, 2);
    EVENT(test, 4, 0, 0);
    EVENT(test, 5, 0, 1);
    KTEST_EQUAL(test, mix.peak, 37);
    KTEST_EQUAL(test, mix.slots, 3);
    KTEST_EQUAL(test, mix.allocations, 3);
}
