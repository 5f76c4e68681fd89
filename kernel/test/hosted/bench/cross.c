/*
 * In turns: both threads on one processor, one allocates a batch, then the other frees it; only the calls are
 * timed, so that neither waiting nor another processor's cache is in the figure. In a ring: each on a
 * processor of its own, both at once, through a ring of pointers; the same ring without the calls is
 * subtracted. What two processors do at once moves a lot between runs.
 */
#define _GNU_SOURCE
#include "cross.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>
#include "machine.h"

enum { RING = 256, ROUND_TICKS = 10000000, LEAST_SAMPLES = 2, PATIENCE = 2000 };

static struct {
    const struct workload *workload;
    const struct contender *contender;
    const struct job *job;
    sem_t go, done;
    bool started, calls;
    void *batch[BATCH_MOST];
    uint64_t free_ticks;
    void *ring[RING];
    _Alignas(64) uint32_t written;
    _Alignas(64) uint32_t read;
} cross;

static uint64_t ticks(void)
{
    _mm_lfence();
    const uint64_t now = __rdtsc();
    _mm_lfence();
    return now;
}

static void *take(void)
{
    const struct op block = cross.workload->block;

    return block.aligned ? cross.contender->aligned(64, block.bytes) : cross.contender->plain(block.bytes);
}

/* The other processor may be running somebody else. */
static void wait_a_little(unsigned *waited)
{
    if (++*waited % PATIENCE == 0)
        sched_yield();
    else
        _mm_pause();
}

static void free_batch(void)
{
    const uint64_t from = ticks();

    for (unsigned i = 0; i < BATCH_MOST; i++)
        if (cross.calls) cross.contender->release(cross.batch[i]);
    cross.free_ticks = ticks() - from;
}

static void drain_ring(void)
{
    const uint32_t count = cross.workload->pairs * cross.workload->repeat;
    unsigned waited = 0;

    for (uint32_t i = 0; i < count; i++) {
        while (__atomic_load_n(&cross.written, __ATOMIC_ACQUIRE) == i) wait_a_little(&waited);
        void *block = cross.ring[i % RING];
        if (cross.calls) cross.contender->release(block);
        __atomic_store_n(&cross.read, i + 1, __ATOMIC_RELEASE);
    }
}

static void *second(void *unused)
{
    (void)unused;
    if (cross.job->other_processor >= 0) {
        cpu_set_t one;

        CPU_ZERO(&one);
        CPU_SET(cross.job->other_processor, &one);
        if (sched_setaffinity(0, sizeof(one), &one) != 0) perror("second processor");
    }
    if (cross.job->contender == OURS) machine_enter_cpu(1, 2);
    for (;;) {
        sem_wait(&cross.go);
        if (cross.workload->work == WORK_RING)
            drain_ring();
        else
            free_batch();
        sem_post(&cross.done);
    }
    return NULL;
}

static uint64_t turns(void)
{
    uint64_t total = 0;

    for (uint32_t run = 0; run < cross.workload->repeat; run++) {
        const uint64_t from = ticks();

        for (unsigned i = 0; i < BATCH_MOST; i++)
            if (cross.calls) cross.batch[i] = take();
        total += ticks() - from;
        sem_post(&cross.go);
        sem_wait(&cross.done);
        total += cross.free_ticks;
    }
    return total;
}

static uint64_t ring(void)
{
    const uint32_t count = cross.workload->pairs * cross.workload->repeat;
    unsigned waited = 0;

    cross.written = cross.read = 0;
    sem_post(&cross.go);
    const uint64_t from = ticks();
    for (uint32_t i = 0; i < count; i++) {
        while (i - __atomic_load_n(&cross.read, __ATOMIC_ACQUIRE) == RING) wait_a_little(&waited);
        cross.ring[i % RING] = cross.calls ? take() : NULL;
        __atomic_store_n(&cross.written, i + 1, __ATOMIC_RELEASE);
    }
    while (__atomic_load_n(&cross.read, __ATOMIC_ACQUIRE) != count) wait_a_little(&waited);
    const uint64_t took = ticks() - from;
    sem_wait(&cross.done);
    return took;
}

static uint64_t sample(bool calls)
{
    cross.calls = calls;
    return cross.workload->work == WORK_RING ? ring() : turns();
}

static void start_second(void)
{
    pthread_t thread;

    sem_init(&cross.go, 0, 0);
    sem_init(&cross.done, 0, 0);
    if (cross.job->contender == OURS) machine_enter_cpu(0, 2);
    if (pthread_create(&thread, NULL, second, NULL) != 0) {
        perror("second thread");
        exit(70);
    }
    cross.started = true;
}

void cross_measure(const struct workload *workload, const struct contender *contender, const struct job *job,
                   struct answer *answer)
{
    cross.workload = workload;
    cross.contender = contender;
    cross.job = job;
    if (!cross.started) start_second();
    const uint64_t until = ticks() + ROUND_TICKS;
    answer->full = answer->empty = UINT64_MAX;
    for (unsigned i = 0; i < LEAST_SAMPLES || ticks() < until; i++) {
        const uint64_t empty = sample(false), full = sample(true);

        if (empty < answer->empty) answer->empty = empty;
        if (full < answer->full) answer->full = full;
    }
}
