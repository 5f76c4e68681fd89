/* The processes of the contenders, started and asked in turns. */
#ifndef SYNOS_HOST_BENCH_CONTEST_H
#define SYNOS_HOST_BENCH_CONTEST_H

#include "child.h"

/* Pins this process, and with it all that it starts, and prints which contenders there are. An exit code. */
int contest_start(void);

/* One workload on all contenders, and prints what came out. An exit code. */
int contest_run(const char *workload, const char *file, unsigned rounds);

/* The words behind --child; false when they are no job. */
bool contest_job(struct job *job, int count, char **words);

#endif
