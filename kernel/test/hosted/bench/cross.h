/* Blocks that one thread allocates and another frees. */
#ifndef SYNOS_HOST_BENCH_CROSS_H
#define SYNOS_HOST_BENCH_CROSS_H

#include "child.h"

/* One round; starts the second thread when it is called first. */
void cross_measure(const struct workload *workload, const struct contender *contender, const struct job *job,
                   struct answer *answer);

#endif
