/*
 * How long one allocation and its free take together, for each allocator and several sizes.
 *
 *     pair    alloc, free, at once: the newest block comes back
 *     lifo    64 allocs, then their frees from the last to the first
 *     fifo    64 allocs, then their frees from the first to the last
 *     churn   256 live blocks of random sizes up to the size named; each step frees a random one and
 * allocates another
 */
#include <synos/rng.h>
#include "front.h"

enum { BATCH = 64, LIVE = 256 };

static void *blocks[LIVE];

static void pair(struct bench *bench, const struct front *front, size_t bytes)
{
    void *(*const alloc)(size_t) = front->allocator->alloc;
    void (*const free)(void *) = front->allocator->free;

    BENCH_LOOP(bench)
    free(alloc(bytes));
}

/* Frees in the order that `first` and `step` give; the baseline is the same two loops around nothing. */
static void batch(struct bench *bench, const struct front *front, size_t bytes, size_t first, size_t step)
{
    const struct allocator *const allocator = front->allocator;

    bench->operations = BATCH;
    BENCH_BASELINE(bench)
    {
        for (size_t i = 0; i < BATCH; i++) bench_keep(&blocks[i]);
        for (size_t i = 0, at = first; i < BATCH; i++, at += step) bench_keep(blocks[at]);
    }
    BENCH_LOOP(bench)
    {
        for (size_t i = 0; i < BATCH; i++) blocks[i] = allocator->alloc(bytes);
        for (size_t i = 0, at = first; i < BATCH; i++, at += step) allocator->free(blocks[at]);
    }
}

static void lifo(struct bench *bench, const struct front *front, size_t bytes)
{
    batch(bench, front, bytes, BATCH - 1, (size_t)-1);
}

static void fifo(struct bench *bench, const struct front *front, size_t bytes)
{
    batch(bench, front, bytes, 0, 1);
}

static size_t random_size(struct rng *rng, size_t largest)
{
    return 1 + rng_below(rng, (uint32_t)largest);
}

static void churn(struct bench *bench, const struct front *front, size_t bytes)
{
    const struct allocator *const allocator = front->allocator;
    struct rng rng;

    rng_seed(&rng, bytes);
    for (size_t i = 0; i < LIVE; i++) blocks[i] = allocator->alloc(random_size(&rng, bytes));
    BENCH_BASELINE(bench)
    {
        void **block = &blocks[rng_below(&rng, LIVE)];

        bench_keep(block);
        bench_keep((void *)random_size(&rng, bytes));
    }
    BENCH_LOOP(bench)
    {
        void **block = &blocks[rng_below(&rng, LIVE)];

        allocator->free(*block);
        *block = allocator->alloc(random_size(&rng, bytes));
    }
    for (size_t i = 0; i < LIVE; i++) allocator->free(blocks[i]);
}

typedef void workload(struct bench *bench, const struct front *front, size_t bytes);

static void run_on_all(struct bench *bench, workload *work, const uint32_t *sizes, uint32_t iterations)
{
    for (; *sizes != 0; sizes++) {
        for (size_t i = 0; i < FRONT_COUNT; i++) {
            if (*sizes > fronts[i].largest || !front_start(bench, &fronts[i])) continue;
            bench_label(bench, "bytes", "%u", *sizes);
            bench->operations = 1;
            bench->iterations = iterations / fronts[i].slowness ?: 1;
            bench->samples = fronts[i].slowness > 1 ? 3 : BENCH_SAMPLES;
            work(bench, &fronts[i], *sizes);
            front_stop(&fronts[i]);
        }
    }
}

static void bench_pair(struct bench *bench)
{
    static const uint32_t sizes[] = {64, 128, 256, 512, 1024, 2048, 4096, 8192, 65536, 0};

    run_on_all(bench, pair, sizes, 500);
}
BENCH(alloc, pair, bench_pair);

static const uint32_t few_sizes[] = {64, 512, 4096, 8192, 0};

static void bench_lifo(struct bench *bench)
{
    run_on_all(bench, lifo, few_sizes, 10);
}
BENCH(alloc, lifo, bench_lifo);

static void bench_fifo(struct bench *bench)
{
    run_on_all(bench, fifo, few_sizes, 10);
}
BENCH(alloc, fifo, bench_fifo);

static void bench_churn(struct bench *bench)
{
    run_on_all(bench, churn, few_sizes, 600);
}
BENCH(alloc, churn, bench_churn);
