/*
 * Compares kmalloc with the allocators of this machine, in turns: for each workload a process for each of
 * them, all pinned to one processor, of which one at a time is told to measure, round after round.
 *
 *     host-bench [--output FILE] [--rounds N] [--workload NAME]... [--trace NAME FILE]...
 *
 * What is measured goes to FILE or standard output, one JSON document a line; which workload runs, and what
 * is wrong, to standard error. Exit codes: 0; 2 wrong usage, or a file that is no trace; 4 a library is
 * missing; 70 a process went wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "contest.h"

enum { MOST_WORKLOADS = 64, MOST_ROUNDS = 10000 };

struct options {
    unsigned rounds, count;
    struct entry {
        const char *name, *file;
    } entries[MOST_WORKLOADS];
};

static int wrong_usage(const char *what, const char *about)
{
    fprintf(stderr, "host-bench: %s: %s\n", about, what);
    return 2;
}

static int add(struct options *options, const char *name, const char *file)
{
    static struct workload tried;

    if (options->count == MOST_WORKLOADS) return wrong_usage("more than can be run at once", name);
    const char *wrong = workload_make(&tried, name, file);
    if (wrong) return wrong_usage(wrong, file ? file : name);
    options->entries[options->count++] = (struct entry){name, file};
    return 0;
}

static int add_all(struct options *options)
{
    int code = 0;

    for (unsigned i = 0; workload_name(i) && code == 0; i++) code = add(options, workload_name(i), NULL);
    return code;
}

static int parse(struct options *options, int count, char **words)
{
    bool named = false;
    int code = 0;

    for (int i = 1; i < count && code == 0; i++) {
        if (strcmp(words[i], "--rounds") == 0 && i + 1 < count) {
            options->rounds = (unsigned)strtoul(words[++i], NULL, 10);
            if (options->rounds < 1 || options->rounds > MOST_ROUNDS)
                code = wrong_usage("is no number of rounds", words[i]);
        } else if (strcmp(words[i], "--workload") == 0 && i + 1 < count) {
            named = true;
            code = add(options, words[++i], NULL);
        } else if (strcmp(words[i], "--output") == 0 && i + 1 < count) {
            if (!freopen(words[++i], "w", stdout)) code = wrong_usage("cannot be written", words[i]);
        } else if (strcmp(words[i], "--trace") == 0 && i + 2 < count) {
            i += 2;
            code = add(options, words[i - 1], words[i]);
        } else {
            code = wrong_usage("is not understood", words[i]);
        }
    }
    return code == 0 && !named ? add_all(options) : code;
}

int main(int count, char **words)
{
    static struct options options = {.rounds = 20};
    struct job job;

    if (count > 1 && strcmp(words[1], "--child") == 0)
        return contest_job(&job, count - 2, words + 2) ? child_run(&job)
                                                       : wrong_usage("is not for people", words[1]);
    int code = parse(&options, count, words);
    if (code == 0) code = contest_start();
    for (unsigned i = 0; i < options.count && code == 0; i++) {
        fprintf(stderr, "%s\n", options.entries[i].name);
        code = contest_run(options.entries[i].name, options.entries[i].file, options.rounds);
    }
    if (code == 0) puts("{\"type\":\"end\"}");
    return code;
}
