/* The process of one contender for one workload: it waits to be told, measures, and answers. */
#ifndef SYNOS_HOST_BENCH_CHILD_H
#define SYNOS_HOST_BENCH_CHILD_H

#include <stdint.h>
#include "workload.h"

/* First answer, unasked. */
struct ready {
    char wrong[160]; /* empty: all is well */
    bool missing;    /* what is wrong is that its library is not there */
    char library[256], version[64];
    struct op block; /* how each is asked for, where all are equal */
    struct calls calls;
    uint32_t pairs, repeat;
    uint64_t peak_live;
};

/* To 'm': least ticks of a sample in this round. To 'r', which may be asked once and first: bytes. */
struct answer {
    uint64_t full, empty;
    uint64_t rss_before, rss_peak;
};

struct job {
    unsigned contender, alignment;
    const char *workload, *file;
    int other_processor; /* for a second thread; -1: the same */
};

/* Reads commands from standard input until it ends, writes answers to standard output. Returns the exit code.
 */
int child_run(const struct job *job);

#endif
