/*
 * Memory that an allocator needs for the same work, and where it goes. A random walk holds about 200 blocks
 * of sizes from 64 B up, small ones more often, as many octaves as fit under the largest; then:
 *
 *     footprint   most memory in use / most bytes asked for at once, in percent       (Wilson et al. 1995:
 * 100 is perfect) internal    granted beyond what was asked for, share of what is granted external    in the
 * footprint, but in no live block: holes, and free objects of classes that nobody wants now
 *
 * A pool's footprint is the most objects that each class had at once, times their size: its memory never
 * serves another class. That of the others is the span of addresses that they used.
 */
#include <synos/layout.h>
#include <synos/rng.h>
#include <synos/string.h>
#include "front.h"

enum { SLOTS = 400, STEPS = 4000 };

struct census {
    size_t requested, granted, peak_requested;
    uintptr_t low, high; /* addresses used outside of the pools */
    uint32_t live[POOL_CLASSES], peak[POOL_CLASSES];
};

static struct slot {
    void *memory;
    size_t bytes;
} slots[SLOTS];

static bool is_pooled(const void *memory)
{
    return (uintptr_t)memory - POOL_BASE < POOL_SIZE;
}

static unsigned class_of(const void *memory)
{
    return (unsigned)(((uintptr_t)memory - POOL_BASE) >> POOL_CLASS_SHIFT);
}

static void count_in(struct census *census, const void *memory, size_t bytes, size_t granted)
{
    const uintptr_t start = (uintptr_t)memory;

    census->requested += bytes;
    census->granted += granted;
    if (census->requested > census->peak_requested) census->peak_requested = census->requested;
    if (is_pooled(memory)) {
        const unsigned class = class_of(memory);

        if (++census->live[class] > census->peak[class]) census->peak[class] = census->live[class];
        return;
    }
    if (census->low == 0 || start < census->low) census->low = start;
    if (start + granted > census->high) census->high = start + granted;
}

static void count_out(struct census *census, const void *memory, size_t bytes, size_t granted)
{
    census->requested -= bytes;
    census->granted -= granted;
    if (is_pooled(memory)) census->live[class_of(memory)]--;
}

static size_t footprint(const struct census *census)
{
    size_t bytes = census->high - census->low;

    for (unsigned class = 0; class < POOL_CLASSES; class ++)
        bytes += census->peak[class] * ((size_t)64 << class);
    return bytes;
}

/* Each octave from 64 B to the largest is as likely as any other, and each size in it. */
static size_t choose_size(struct rng *rng, uint32_t largest)
{
    const unsigned octaves = 25 - (unsigned)__builtin_clz(largest);
    const uint32_t low = 64u << rng_below(rng, octaves);

    return low + 1 + rng_below(rng, low);
}

static void step(struct census *census, const struct allocator *allocator, struct rng *rng, uint32_t largest)
{
    struct slot *slot = &slots[rng_below(rng, SLOTS)];

    if (slot->memory) {
        count_out(census, slot->memory, slot->bytes, allocator->usable(slot->memory));
        allocator->free(slot->memory);
        slot->memory = NULL;
        return;
    }
    slot->bytes = choose_size(rng, largest);
    slot->memory = allocator->alloc(slot->bytes);
    if (slot->memory) count_in(census, slot->memory, slot->bytes, allocator->usable(slot->memory));
}

static void report(struct bench *bench, const struct census *census)
{
    const size_t total = footprint(census);

    bench_figure(bench, "footprint", "percent",
                 (total * 100 + census->peak_requested / 2) / census->peak_requested);
    bench_figure(bench, "internal", "percent", (census->granted - census->requested) * 100 / census->granted);
    bench_figure(bench, "external", "percent", (total - census->granted) * 100 / total);
}

static void walk(struct bench *bench, const struct allocator *allocator, uint32_t largest)
{
    struct census census = {0};
    struct rng rng;

    rng_seed(&rng, largest);
    memset(slots, 0, sizeof(slots));
    for (int i = 0; i < STEPS; i++) step(&census, allocator, &rng, largest);
    bench_label(bench, "bytes", "%u", largest);
    report(bench, &census);
    for (int i = 0; i < SLOTS; i++)
        if (slots[i].memory) allocator->free(slots[i].memory);
}

static void bench_fragment(struct bench *bench)
{
    static const uint32_t sizes[] = {8192, 65536, 0};

    for (const uint32_t *largest = sizes; *largest != 0; largest++)
        for (size_t i = 0; i < FRONT_COUNT; i++) {
            if (*largest > fronts[i].largest || fronts[i].holes > 0 || !front_start(bench, &fronts[i]))
                continue;
            walk(bench, fronts[i].allocator, *largest);
            front_stop(&fronts[i]);
        }
}
BENCH(memory, fragment, bench_fragment);
