/* Replays traces, for time and for the smallest arena. */
#include "trace_replay.h"

#include <synos/string.h>

enum { LEAST_ARENA = 256, FINENESS = 512 };

static void give_up(const struct trace *trace, const struct allocator *allocator, void **slots)
{
    for (size_t i = 0; i < trace->slots; i++) {
        if (slots[i]) allocator->free(slots[i]);
        slots[i] = NULL;
    }
}

bool replay(const struct trace *trace, const struct allocator *allocator, void **slots)
{
    void *(*const alloc)(size_t) = allocator->alloc;
    void (*const free)(void *) = allocator->free;
    const struct trace_event *const end = trace->events + trace->event_count;

    for (const struct trace_event *event = trace->events; event < end; event++) {
        if (event->bytes != 0) {
            void *memory = alloc(event->bytes);

            slots[event->slot] = memory;
            if (!memory) {
                give_up(trace, allocator, slots);
                return false;
            }
        } else {
            free(slots[event->slot]);
            slots[event->slot] = NULL;
        }
    }
    return true;
}

bool replay_idly(const struct trace *trace, void **slots)
{
    const struct trace_event *const end = trace->events + trace->event_count;

    for (const struct trace_event *event = trace->events; event < end; event++) {
        if (event->bytes != 0) {
            const void *memory = event;

            __asm__ volatile("" : "+r"(memory) : "r"((size_t)event->bytes) : "memory");
            slots[event->slot] = (void *)memory;
            if (!memory) return false;
        } else {
            __asm__ volatile("" : : "r"(slots[event->slot]) : "memory");
            slots[event->slot] = NULL;
        }
    }
    return true;
}

static bool fits(const struct trace *trace, const struct allocator *allocator, void *arena, size_t bytes,
                 void **slots)
{
    return allocator->start(arena, bytes) && replay(trace, allocator, slots);
}

size_t replay_smallest_arena(const struct trace *trace, const struct allocator *allocator, void *arena,
                             size_t bytes, void **slots)
{
    size_t low = 0, high = trace->peak > LEAST_ARENA ? trace->peak : LEAST_ARENA;

    while (high < bytes && !fits(trace, allocator, arena, high, slots)) {
        low = high;
        high += high / 4;
    }
    if (high >= bytes) {
        if (!fits(trace, allocator, arena, bytes, slots)) return 0;
        high = bytes;
    }
    while (high - low > high / FINENESS + 1) {
        const size_t middle = low + (high - low) / 2;

        if (fits(trace, allocator, arena, middle, slots))
            high = middle;
        else
            low = middle;
    }
    return high;
}
