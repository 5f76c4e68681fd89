/* Replays a trace with a look at each event: what is granted, how far memory reaches, which addresses return.
 */
#include <synos/string.h>
#include "trace_replay.h"

struct watch {
    const struct trace *trace;
    const struct allocator *allocator;
    const struct replay_hooks *hooks;
    void **slots;
    uintptr_t *seen; /* a set by open addressing; 0 is no address */
    size_t seen_mask;
    uint32_t *sizes;     /* by slot, behind the set: bytes of what lives there */
    uintptr_t low, high; /* addresses used so far */
    size_t live;
    size_t most_live, most_held; /* since the last point */
    uint64_t external_sum, external_count;
    struct replay_sight *out;
};

static size_t seen_places(const struct trace *trace)
{
    size_t places = 64;

    while (places < 2 * trace->allocations) places *= 2;
    return places;
}

size_t replay_seen_bytes(const struct trace *trace)
{
    return seen_places(trace) * sizeof(uintptr_t) + trace->slots * sizeof(uint32_t);
}

/* Whether the address was there before; it is from now on. */
static bool see(struct watch *watch, uintptr_t address)
{
    size_t at = (size_t)((address * 0x9e3779b97f4a7c15ull) >> 20) & watch->seen_mask;

    for (; watch->seen[at] != 0; at = (at + 1) & watch->seen_mask)
        if (watch->seen[at] == address) return true;
    watch->seen[at] = address;
    return false;
}

static size_t footprint(const struct watch *watch)
{
    return watch->hooks->footprint ? watch->hooks->footprint() : watch->high - watch->low;
}

static void count_in(struct watch *watch, const void *memory, size_t bytes)
{
    const uintptr_t start = (uintptr_t)memory;
    const size_t granted = watch->allocator->usable(memory);
    struct replay_sight *out = watch->out;

    out->requested += bytes;
    out->granted += granted;
    out->reused += see(watch, start);
    out->pooled += watch->hooks->is_pooled && watch->hooks->is_pooled(memory);
    if (watch->low == 0 || start < watch->low) watch->low = start;
    if (start + granted > watch->high) watch->high = start + granted;
    const size_t holds = footprint(watch);
    if (holds > out->peak_footprint) out->peak_footprint = holds;
    if (holds > watch->most_held) watch->most_held = holds;
    if (watch->live > watch->most_live) watch->most_live = watch->live;
}

static void look(struct watch *watch)
{
    struct allocator_space space = {0};
    struct replay_sight *out = watch->out;

    if (watch->hooks->space) watch->hooks->space(&space);
    if (space.total > 0) {
        watch->external_sum += 1000 - space.largest * 1000 / space.total;
        watch->external_count++;
    }
    out->live[out->points] = watch->most_live;
    out->footprint[out->points++] = watch->most_held;
    watch->most_live = watch->live;
    watch->most_held = footprint(watch);
}

static bool step(struct watch *watch, const struct trace_event *event)
{
    void **slot = &watch->slots[event->slot];

    if (event->bytes == 0) {
        watch->allocator->free(*slot);
        *slot = NULL;
        watch->live -= watch->sizes[event->slot];
        return true;
    }
    *slot = watch->allocator->alloc(event->bytes);
    if (!*slot) return false;
    watch->sizes[event->slot] = event->bytes;
    watch->live += event->bytes;
    count_in(watch, *slot, event->bytes);
    return true;
}

/* Slots keep what was allocated before the event for which there was none. */
static void free_all(const struct watch *watch)
{
    for (size_t i = 0; i < watch->trace->slots; i++) {
        if (watch->slots[i]) watch->allocator->free(watch->slots[i]);
        watch->slots[i] = NULL;
    }
}

bool replay_and_look(const struct trace *trace, const struct allocator *allocator,
                     const struct replay_hooks *hooks, void **slots, void *seen, struct replay_sight *out)
{
    struct watch watch = {
        .trace = trace,
        .allocator = allocator,
        .hooks = hooks,
        .slots = slots,
        .seen = seen,
        .seen_mask = seen_places(trace) - 1,
        .sizes = (uint32_t *)((uintptr_t *)seen + seen_places(trace)),
        .out = out,
    };

    memset(seen, 0, seen_places(trace) * sizeof(uintptr_t));
    *out = (struct replay_sight){.step = (trace->event_count + REPLAY_POINTS - 1) / REPLAY_POINTS};
    for (size_t i = 0; i < trace->event_count; i++) {
        if (!step(&watch, &trace->events[i])) {
            free_all(&watch);
            return false;
        }
        if ((i + 1) % out->step == 0) look(&watch);
    }
    if (watch.external_count > 0) out->external = watch.external_sum / watch.external_count;
    return true;
}
