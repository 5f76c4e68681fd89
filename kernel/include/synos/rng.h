/* Seeded pseudo-random numbers for tests and benchmarks: the same seed gives the same numbers on every
 * machine. Not for secrets. */
#ifndef SYNOS_RNG_H
#define SYNOS_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state;
};

void rng_seed(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);
/* A number in 0 .. limit-1, each nearly as likely (off by less than limit / 2^32); limit must not be 0. */
uint32_t rng_below(struct rng *rng, uint32_t limit);

#endif
