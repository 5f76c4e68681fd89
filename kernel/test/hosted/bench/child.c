/* One contender at one workload. Everything that this process needs for itself comes from mmap: the allocator
 * serves the work alone. */
#define _GNU_SOURCE
#include "child.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "cross.h"

enum { ROUND_NS = 4000000, LEAST_SAMPLES = 3 };

struct state {
    const struct job *job;
    struct contender contender;
    struct workload workload;
    void **slots, **empty_slots;
    struct ready *ready;
};

/* In a fork, whose allocator is a copy: this one's stays as it was at the start. */
static void choose_calls(struct state *state)
{
    const pid_t child = fork();
    int status = 0;

    if (child == 0) {
        const char *wrong = workload_choose_calls(&state->workload, &state->contender, state->job->alignment);

        if (wrong) snprintf(state->ready->wrong, sizeof(state->ready->wrong), "%s", wrong);
        state->ready->block =
            state->workload.block; /* a script's choices are in its steps, which are shared */
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        snprintf(state->ready->wrong, sizeof(state->ready->wrong), "does not survive the rehearsal");
}

static void prepare(struct state *state)
{
    struct ready *ready = state->ready = script_memory(sizeof(*state->ready));
    const struct job *job = state->job;
    const char *wrong = workload_make(&state->workload, job->workload, job->file);

    ready->missing = !wrong && !contender_bind(job->contender, &state->contender);
    if (ready->missing) wrong = "is not installed";
    if (wrong) {
        snprintf(ready->wrong, sizeof(ready->wrong), "%s", wrong);
        return;
    }
    choose_calls(state);
    state->workload.block = ready->block;
    workload_count_calls(&state->workload, &ready->calls);
    ready->pairs = state->workload.pairs;
    ready->repeat = state->workload.repeat;
    ready->peak_live = state->workload.script.peak_live;
    const size_t slots = state->workload.script.slots + BATCH_MOST;
    state->slots = script_memory(slots * sizeof(void *));
    state->empty_slots = script_memory(slots * sizeof(void *));
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void measure(struct state *state, struct answer *answer)
{
    const uint64_t until = now_ns() + ROUND_NS;

    answer->full = answer->empty = UINT64_MAX;
    for (unsigned i = 0; i < LEAST_SAMPLES || now_ns() < until; i++) {
        answer->empty = least(answer->empty, workload_time_empty(&state->workload, state->empty_slots));
        answer->full = least(answer->full, workload_time(&state->workload, &state->contender, state->slots));
    }
}

/* A line of /proc/self/status, in bytes; 0 when it is not there. */
static uint64_t status_bytes(const char *key)
{
    char text[8192];
    const int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    const ssize_t length = file < 0 ? 0 : read(file, text, sizeof(text) - 1);

    if (file >= 0) close(file);
    text[length > 0 ? length : 0] = '\0';
    const char *line = strstr(text, key);
    return line ? strtoull(line + strlen(key), NULL, 10) * 1024 : 0;
}

static void forget_peak(void)
{
    const int file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

    if (file < 0) return;
    if (write(file, "5", 1) != 1) perror("clear_refs");
    close(file);
}

/* The script once, every page of every block written as whoever asked for it would. */
static void measure_memory(struct state *state, struct answer *answer)
{
    const struct script *script = &state->workload.script;
    const struct contender *contender = &state->contender;

    for (uint32_t i = 0; i < script->slots; i++) state->slots[i] = NULL;
    contender->release(contender->plain(64)); /* what is made at the first call is not the trace's */
    forget_peak();
    answer->rss_before = status_bytes("VmRSS:");
    for (uint32_t i = 0; i < script->count; i++) {
        const struct op op = script->ops[i];

        if (op.bytes == 0) {
            contender->release(state->slots[op.slot]);
            continue;
        }
        char *block = op.aligned ? contender->aligned(64, op.bytes) : contender->plain(op.bytes);
        if (!block) exit(71);
        for (uint32_t at = 0; at < op.bytes; at += 4096) block[at] = 1;
        block[op.bytes - 1] = 1;
        state->slots[op.slot] = block;
    }
    answer->rss_peak = status_bytes("VmHWM:");
}

static bool say(const void *bytes, size_t length)
{
    return write(STDOUT_FILENO, bytes, length) == (ssize_t)length;
}

int child_run(const struct job *job)
{
    static struct state state;
    bool begun = false;
    char command;

    state.job = job;
    prepare(&state);
    if (state.ready->wrong[0] == '\0')
        contender_describe(job->contender, state.ready->library, sizeof(state.ready->library),
                           state.ready->version, sizeof(state.ready->version));
    if (!say(state.ready, sizeof(*state.ready))) return 70;
    while (state.ready->wrong[0] == '\0' && read(STDIN_FILENO, &command, 1) == 1) {
        struct answer answer = {0};

        if (command == 'r') {
            measure_memory(&state, &answer);
        } else if (workload_is_threaded(job->workload)) {
            cross_measure(&state.workload, &state.contender, job, &answer);
        } else {
            if (!begun) workload_begin(&state.workload, &state.contender, state.slots);
            begun = true;
            measure(&state, &answer);
        }
        if (!say(&answer, sizeof(answer))) return 70;
    }
    return 0;
}
