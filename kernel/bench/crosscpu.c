/*
 * What it costs when a block is freed on another CPU than it came from: CPU 0 allocates, the others free,
 * each its share, one CPU at a time. The figure is both together for one block, summed over all CPUs, with
 * all that goes through the depot in between; it should not depend on how many CPUs there are. With one CPU
 * it frees its own blocks, in the order in which they came.
 */
#include <synos/alloc.h>
#include <synos/bench.h>
#include <synos/clock.h>
#include <synos/percpu.h>
#include <synos/smp.h>

enum { BLOCKS = 512, ROUNDS = 20, FREES = BLOCKS * ROUNDS };

static void *blocks[BLOCKS];

static struct share {
    size_t from, end, bytes;
    uint64_t ticks;
    bool empty; /* the same loops around nothing: what is taken off */
} share;

static void allocate(void *ignored)
{
    const uint64_t start = clock_ticks();

    (void)ignored;
    for (size_t i = share.from; i < share.end; i++) {
        if (share.empty)
            bench_keep(&blocks[i]);
        else
            blocks[i] = kmalloc(share.bytes);
    }
    share.ticks += clock_ticks() - start;
}

static void release(void *ignored)
{
    const uint64_t start = clock_ticks();

    (void)ignored;
    for (size_t i = share.from; i < share.end; i++) {
        if (share.empty)
            bench_keep(blocks[i]);
        else
            kfree(blocks[i]);
    }
    share.ticks += clock_ticks() - start;
}

/* Ticks of ROUNDS rounds over all blocks, freed on `cpus` CPUs behind CPU 0. */
static uint64_t measure(unsigned cpus, size_t bytes, bool empty)
{
    share = (struct share){.bytes = bytes, .empty = empty};
    for (int round = 0; round < ROUNDS; round++) {
        share.from = 0;
        share.end = BLOCKS;
        smp_run(1, allocate, NULL);
        for (unsigned i = 0; i < cpus; i++) {
            share.from = BLOCKS * i / cpus;
            share.end = BLOCKS * (i + 1) / cpus;
            smp_run(1ull << (cpu_count() == 1 ? 0 : i + 1), release, NULL);
        }
    }
    return share.ticks;
}

static void bench_cross_cpu_free(struct bench *bench)
{
    static const uint32_t sizes[] = {64, 1024, 8192, 0};

    for (unsigned cpus = 1; cpus == 1 || cpus < cpu_count();
         cpus = cpus * 2 < cpu_count() || cpu_count() <= cpus + 1 ? cpus * 2 : cpu_count() - 1)
        for (const uint32_t *bytes = sizes; *bytes != 0; bytes++) {
            measure(cpus, *bytes, false); /* warms up */
            const uint64_t ticks = measure(cpus, *bytes, false), empty = measure(cpus, *bytes, true);

            bench_label(bench, "allocator", "kmalloc");
            bench_label(bench, "bytes", "%u", *bytes);
            bench_label(bench, "freed-on", "%u", cpu_count() == 1 ? 0 : cpus);
            bench_figure(bench, "latency", bench->unit, (ticks - empty + FREES / 2) / FREES);
        }
}
BENCH(alloc, cross_cpu_free, bench_cross_cpu_free);
