/* Weaves several traces into one: the mix of tenants that share a machine. */
#include <synos/string.h>
#include "trace_decode.h"

static size_t sum_of(const struct trace *traces, size_t count, size_t offset)
{
    size_t sum = 0;

    for (size_t i = 0; i < count; i++) sum += *(const size_t *)((const char *)&traces[i] + offset);
    return sum;
}

#define SUM(traces, count, member) sum_of(traces, count, offsetof(struct trace, member))

size_t trace_mix_memory(const struct trace *traces, size_t count)
{
    return SUM(traces, count, event_count) * sizeof(struct trace_event) +
           SUM(traces, count, slots) * sizeof(uint32_t);
}

/* The most bytes that live at once; `sizes` is memory for as many numbers as there are slots. */
static size_t peak_of(const struct trace *trace, uint32_t *sizes)
{
    size_t live = 0, peak = 0;

    for (size_t i = 0; i < trace->event_count; i++) {
        const struct trace_event event = trace->events[i];

        if (event.bytes == 0)
            live -= sizes[event.slot];
        else
            live += sizes[event.slot] = event.bytes;
        if (live > peak) peak = live;
    }
    return peak;
}

void trace_mix(const struct trace *traces, size_t count, void *memory, struct trace *out)
{
    const size_t total = SUM(traces, count, event_count);

    *out = (struct trace){
        .events = memory,
        .allocations = SUM(traces, count, allocations),
        .slots = SUM(traces, count, slots),
        .pool_sized = SUM(traces, count, pool_sized),
        .threads = SUM(traces, count, threads),
    };
    for (size_t round = 0; out->event_count < total; round++) {
        uint32_t first_slot = 0;

        for (size_t i = 0; i < count; first_slot += (uint32_t)traces[i++].slots) {
            if (round >= traces[i].event_count) continue;
            out->events[out->event_count] = traces[i].events[round];
            out->events[out->event_count++].slot += first_slot;
        }
    }
    out->peak = peak_of(out, (uint32_t *)(out->events + total));
}
