/*
 * All CPUs fight for one spin lock: what one turn of it takes, and who had it when. Where instructions are
 * counted the CPUs take turns by count, so that the order is the same in every run; it is printed whole, one
 * letter a turn, because a difference in it is a difference in what a guest of many CPUs does.
 */
#include <synos/bench.h>
#include <synos/clock.h>
#include <synos/cpu.h>
#include <synos/percpu.h>
#include <synos/report.h>
#include <synos/smp.h>
#include <synos/spinlock.h>

enum { TURNS = 64, LETTERS = 128 };

static struct spinlock lock;
static struct smp_barrier start_line;
static unsigned char order[TURNS * CPUS_MAX];
static unsigned taken;
static uint64_t first, last;

/* A pause hands QEMU's one thread on to the next CPU. */
static void pauses(unsigned count)
{
    while (count-- > 0) cpu_relax();
}

/* Each turn holds the lock for another while, and stays away from it for another one. */
static void fight(void *ignored)
{
    const unsigned self = this_cpu()->index;
    uint32_t work = self + 1;

    (void)ignored;
    smp_barrier_wait(&start_line);
    for (unsigned turn = 0; turn < TURNS; turn++) {
        const uint64_t flags = spin_lock(&lock);
        last = clock_ticks();
        if (taken == 0) first = last;
        order[taken++] = (unsigned char)self;
        work = work * 1664525 + 1013904223;
        pauses(work >> 30);
        spin_unlock(&lock, flags);
        pauses(work >> 28 & 3);
    }
}

static void print_order(void)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char line[LETTERS + 1];
    unsigned length = 0;

    for (unsigned turn = 0; turn < taken; turn++) {
        line[length++] = letters[order[turn] % 64];
        if (length < LETTERS && turn + 1 < taken) continue;
        line[length] = '\0';
        report_note("lock order: %s", line);
        length = 0;
    }
}

static void bench_lock_order(struct bench *bench)
{
    taken = 0;
    start_line = (struct smp_barrier){.members = cpu_count()};
    smp_run(SMP_ALL, fight, NULL);
    bench_label(bench, "cpus", "%u", cpu_count());
    bench_figure(bench, "latency", bench->unit, (last - first) / (taken - 1));
    if (cpu_count() > 1) print_order();
}
BENCH(lock, order, bench_lock_order)
