/* The workloads by name. */
#include "workload.h"

#include <stdio.h>
#include <string.h>

enum { LEAST_PAIRS = 4096 }; /* a sample */

static const struct named {
    const char *name;
    enum work work;
    uint32_t bytes;
    void (*make)(struct script *script);
} all[] = {
    {"pair-64", WORK_PAIR, 64, NULL},        {"pair-128", WORK_PAIR, 128, NULL},
    {"pair-256", WORK_PAIR, 256, NULL},      {"pair-512", WORK_PAIR, 512, NULL},
    {"pair-1k", WORK_PAIR, 1024, NULL},      {"pair-2k", WORK_PAIR, 2048, NULL},
    {"pair-4k", WORK_PAIR, 4096, NULL},      {"pair-8k", WORK_PAIR, 8192, NULL},
    {"pair-64k", WORK_PAIR, 64 << 10, NULL}, {"pair-1m", WORK_PAIR, 1 << 20, NULL},
    {"lifo-256", WORK_LIFO, 256, NULL},      {"fifo-4k", WORK_FIFO, 4096, NULL},
    {"churn", WORK_SCRIPT, 0, script_churn}, {"language-model", WORK_SCRIPT, 0, script_language_model},
    {"cross-turns", WORK_TURNS, 256, NULL},  {"cross-ring", WORK_RING, 256, NULL},
};

static const struct named *find(const char *name)
{
    for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++)
        if (strcmp(all[i].name, name) == 0) return &all[i];
    return NULL;
}

const char *workload_name(unsigned index)
{
    return index < sizeof(all) / sizeof(*all) ? all[index].name : NULL;
}

bool workload_is_threaded(const char *name)
{
    const struct named *named = find(name);

    return named && (named->work == WORK_TURNS || named->work == WORK_RING);
}

bool workload_needs_two_processors(const char *name)
{
    const struct named *named = find(name);

    return named && named->work == WORK_RING;
}

const char *workload_make(struct workload *workload, const char *name, const char *file)
{
    const struct named *named = file ? NULL : find(name);
    const char *wrong = NULL;

    if (!file && !named) return "is no workload";
    *workload = (struct workload){.work = WORK_SCRIPT};
    snprintf(workload->name, sizeof(workload->name), "%s", name);
    if (file) {
        wrong = script_trace(&workload->script, file);
    } else if (named->make) {
        named->make(&workload->script);
    } else {
        workload->work = named->work;
        workload->bytes = workload->block.bytes = named->bytes;
    }
    if (wrong) return wrong;
    workload->pairs = workload->work == WORK_PAIR     ? 1
                      : workload->work == WORK_SCRIPT ? workload->script.pairs
                                                      : BATCH_MOST;
    workload->repeat = (LEAST_PAIRS + workload->pairs - 1) / workload->pairs;
    return NULL;
}
