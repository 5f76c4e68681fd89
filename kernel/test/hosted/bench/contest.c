/* A child for each contender and alignment; one at a time is asked, the others sleep in read(). */
#define _GNU_SOURCE
#include "contest.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ours aligns to 64 bytes whatever is asked for; the others are run as tensors need it, and as a plain
 * malloc. */
enum { ENTRANTS = 2 * CONTENDERS - 1 };

struct child {
    pid_t pid;
    int commands, answers;
    unsigned contender, alignment;
    struct ready ready;
};

static int processor, other = -1;

static unsigned contender_of(unsigned entrant)
{
    return entrant < CONTENDERS ? entrant : entrant - CONTENDERS + 1;
}

static void become(const struct job *job, int commands, int answers)
{
    char contender[8], alignment[8], second[8], preload[64] = "";
    const char *library = contender_names[job->contender].library;

    snprintf(contender, sizeof(contender), "%u", job->contender);
    snprintf(alignment, sizeof(alignment), "%u", job->alignment);
    snprintf(second, sizeof(second), "%d", job->other_processor);
    if (library) snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", library);
    char *const words[] = {"host-bench",          "--child",         contender, alignment, second,
                           (char *)job->workload, (char *)job->file, NULL};
    char *const environment[] = {library ? preload : NULL, NULL}; /* no allocator's settings get through */

    if (dup2(commands, STDIN_FILENO) < 0 || dup2(answers, STDOUT_FILENO) < 0) _exit(70);
    execve("/proc/self/exe", words, environment);
    _exit(70);
}

bool contest_job(struct job *job, int count, char **words)
{
    if (count < 4) return false;
    *job = (struct job){
        .contender = (unsigned)strtoul(words[0], NULL, 10),
        .alignment = (unsigned)strtoul(words[1], NULL, 10),
        .other_processor = atoi(words[2]),
        .workload = words[3],
        .file = count > 4 ? words[4] : NULL,
    };
    return job->contender < CONTENDERS && (job->alignment == 16 || job->alignment == 64);
}

static bool hear(struct child *child, void *bytes, size_t length)
{
    for (size_t got = 0; got < length;) {
        const ssize_t more = read(child->answers, (char *)bytes + got, length - got);

        if (more <= 0) return false;
        got += (size_t)more;
    }
    return true;
}

/* Starts one and hears whether it is ready; what is wrong is in `ready`. */
static void start(struct child *child, const struct job *job)
{
    int commands[2], answers[2];

    *child = (struct child){.contender = job->contender, .alignment = job->alignment};
    if (pipe2(commands, O_CLOEXEC) != 0 || pipe2(answers, O_CLOEXEC) != 0) {
        perror("host-bench: pipe");
        exit(70);
    }
    child->pid = fork();
    if (child->pid == 0) become(job, commands[0], answers[1]);
    close(commands[0]);
    close(answers[1]);
    child->commands = commands[1];
    child->answers = answers[0];
    if (!hear(child, &child->ready, sizeof(child->ready)))
        snprintf(child->ready.wrong, sizeof(child->ready.wrong), "ended early");
}

static void stop(struct child *child)
{
    close(child->commands);
    close(child->answers);
    waitpid(child->pid, NULL, 0);
}

static bool ask(struct child *child, char command, struct answer *answer)
{
    return write(child->commands, &command, 1) == 1 && hear(child, answer, sizeof(*answer));
}

static int gone_wrong(const struct child *child, const char *workload, const char *what)
{
    fprintf(stderr, "host-bench: %s, %s: %s\n", contender_names[child->contender].name, workload, what);
    return 70;
}

static void print_series(const char *name, const uint64_t *values, unsigned count)
{
    printf(",\"%s\":[", name);
    for (unsigned i = 0; i < count; i++) printf("%s%lu", i > 0 ? "," : "", values[i]);
    putchar(']');
}

static void print_result(const struct child *child, const char *workload, const uint64_t *full,
                         const uint64_t *empty, unsigned rounds)
{
    const struct ready *ready = &child->ready;

    printf("{\"type\":\"result\",\"workload\":\"%s\",\"allocator\":\"%s\",\"alignment\":%u", workload,
           contender_names[child->contender].name, child->alignment);
    printf(",\"calls\":{\"malloc\":%u,\"aligned\":%u},\"pairs\":%lu", ready->calls.plain,
           ready->calls.aligned, (uint64_t)ready->pairs * ready->repeat);
    print_series("full", full, rounds);
    print_series("empty", empty, rounds);
    puts("}");
}

static int take_turns(struct child *children, const char *workload, unsigned rounds)
{
    uint64_t *full = script_memory(2 * ENTRANTS * rounds * sizeof(uint64_t)),
             *empty = full + ENTRANTS * rounds;
    struct answer answer;

    for (unsigned round = 0; round < rounds; round++)
        for (unsigned i = 0; i < ENTRANTS; i++) {
            if (!ask(&children[i], 'm', &answer))
                return gone_wrong(&children[i], workload, "ended while it was timed");
            full[i * rounds + round] = answer.full;
            empty[i * rounds + round] = answer.empty;
        }
    for (unsigned i = 0; i < ENTRANTS; i++)
        print_result(&children[i], workload, full + i * rounds, empty + i * rounds, rounds);
    return 0;
}

/* In processes of their own, which have done nothing else: the most that each takes from the machine. */
static int compare_memory(const char *workload, const char *file)
{
    for (unsigned i = 0; i < CONTENDERS; i++) {
        const struct job job = {
            .contender = i, .alignment = 64, .workload = workload, .file = file, .other_processor = -1};
        struct child child;
        struct answer answer;

        start(&child, &job);
        const bool well = child.ready.wrong[0] == '\0' && ask(&child, 'r', &answer);
        stop(&child);
        if (!well) return gone_wrong(&child, workload, "ended while its memory was measured");
        printf(
            "{\"type\":\"memory\",\"workload\":\"%s\",\"allocator\":\"%s\",\"live\":%lu,\"resident\":%lu}\n",
            workload, contender_names[i].name, child.ready.peak_live,
            answer.rss_peak > answer.rss_before ? answer.rss_peak - answer.rss_before : 0);
    }
    return 0;
}

int contest_run(const char *workload, const char *file, unsigned rounds)
{
    struct child children[ENTRANTS];
    unsigned started = 0;
    int code = 0;

    if (workload_needs_two_processors(workload) && other < 0) return 0;
    for (; started < ENTRANTS && code == 0; started++) {
        const struct job job = {
            .contender = contender_of(started),
            .alignment = started < CONTENDERS ? 64 : 16,
            .workload = workload,
            .file = file,
            .other_processor = workload_needs_two_processors(workload) ? other : -1,
        };
        start(&children[started], &job);
        if (children[started].ready.wrong[0] != '\0')
            code = gone_wrong(&children[started], workload, children[started].ready.wrong);
    }
    const uint64_t live = children[0].ready.peak_live;
    if (code == 0) code = take_turns(children, workload, rounds);
    for (unsigned i = 0; i < started; i++) stop(&children[i]);
    if (code == 0 && live > 0) code = compare_memory(workload, file);
    fflush(stdout);
    return code;
}

/* The last processor that this process may use: the first has most of the machine's own work. */
static int pin(void)
{
    cpu_set_t allowed, one;

    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 70;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &allowed)) {
            other = processor;
            processor = i;
        }
    if (CPU_COUNT(&allowed) < 2) other = -1;
    CPU_ZERO(&one);
    CPU_SET(processor, &one);
    return sched_setaffinity(0, sizeof(one), &one) == 0 ? 0 : 70;
}

/* What a contender is, or what is wrong with it; an exit code. */
static int introduce(unsigned contender)
{
    const struct contender_name *name = &contender_names[contender];
    const struct job job = {
        .contender = contender, .alignment = 64, .workload = "pair-64", .other_processor = -1};
    struct child child;

    start(&child, &job);
    stop(&child);
    if (child.ready.missing) {
        fprintf(stderr, "host-bench: %s is not installed\n", name->name);
        return 4;
    }
    if (child.ready.wrong[0] != '\0') return gone_wrong(&child, job.workload, child.ready.wrong);
    printf("{\"type\":\"contender\",\"allocator\":\"%s\",\"library\":\"%s\",\"version\":\"%s\"}\n",
           name->name, child.ready.library, child.ready.version);
    return 0;
}

int contest_start(void)
{
    int code = pin();

    signal(SIGPIPE, SIG_IGN);
    for (unsigned i = 0; i < CONTENDERS; i++) {
        const int one = introduce(i);

        if (one != 0) code = one;
    }
    fflush(stdout);
    return code;
}
