/*
 * How often memory comes back: the share of allocations of a small network's inferences that get an address
 * which an earlier one of the same run had, from the first inference on. For kmalloc also the share that the
 * pools serve.
 */
#include <synos/layout.h>
#include "front.h"
#include "tensor.h"

enum { INFERENCES = 20, SEEN_MAX = 512 };

static struct tensor_step plan[TENSOR_STEPS];
static void *buffers[TENSOR_BUFFERS];

struct tally {
    unsigned allocations, reused, pooled;
    size_t seen_count;
    const void *seen[SEEN_MAX];
};

static bool was_seen(const struct tally *tally, const void *memory)
{
    for (size_t i = 0; i < tally->seen_count; i++)
        if (tally->seen[i] == memory) return true;
    return false;
}

static void count(struct tally *tally, const void *memory)
{
    tally->allocations++;
    tally->pooled += (uintptr_t)memory - POOL_BASE < POOL_SIZE;
    if (was_seen(tally, memory))
        tally->reused++;
    else if (tally->seen_count < SEEN_MAX)
        tally->seen[tally->seen_count++] = memory;
}

static void infer(struct tally *tally, const struct allocator *allocator)
{
    for (const struct tensor_step *step = plan; step < plan + TENSOR_STEPS; step++) {
        if (step->bytes == 0) {
            allocator->free(buffers[step->slot]);
            continue;
        }
        buffers[step->slot] = allocator->alloc(step->bytes);
        count(tally, buffers[step->slot]);
    }
}

static void bench_reuse(struct bench *bench)
{
    static const uint32_t sizes[] = {512, 2048, 8192, 65536, 0};
    static struct tally tally;

    for (const uint32_t *bytes = sizes; *bytes != 0; bytes++) {
        tensor_plan(plan, *bytes);
        for (size_t i = 0; i < FRONT_COUNT; i++) {
            if (*bytes > fronts[i].largest || fronts[i].holes > 0 || !front_start(bench, &fronts[i]))
                continue;
            tally = (struct tally){0};
            for (int inference = 0; inference < INFERENCES; inference++) infer(&tally, fronts[i].allocator);
            bench_label(bench, "bytes", "%u", *bytes);
            bench_figure(bench, "reuse", "percent", tally.reused * 100 / tally.allocations);
            if (fronts[i].largest > *bytes && tally.pooled > 0)
                bench_figure(bench, "pooled", "percent", tally.pooled * 100 / tally.allocations);
            front_stop(&fronts[i]);
        }
    }
}
BENCH(memory, reuse, bench_reuse);
