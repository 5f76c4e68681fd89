/*
 * Blocks on all CPUs at once, with a timer that interrupts each and allocates as well: blocks go from CPU to
 * CPU, are checked and freed where they arrive. With one CPU it is a test of the timer's interrupts alone.
 */
#ifndef SYNOS_TEST_STORM_H
#define SYNOS_TEST_STORM_H

#include <stdbool.h>
#include <stdint.h>
#include <synos/rng.h>

enum { STORM_PLACES_MAX = 256, STORM_KEPT_MAX = 16 };

struct storm {
    void *(*make)(struct rng *rng); /* a block that says what it is, or NULL */
    bool (*unmake)(void *block);    /* frees it; whether it still said so */
    void (*now_and_then)(void);     /* in the middle of each 1000 steps; NULL: nothing */
    unsigned places;                /* where CPUs leave blocks for each other */
    unsigned kept;                  /* blocks that the timer's handler holds */
    unsigned steps, interrupts;     /* of each CPU, at least */
    uint32_t ticks;                 /* from one interrupt to the next */
};

/* Runs it on all CPUs. Blocks are left. */
void storm_run(const struct storm *storm);

/* Frees what is left; returns how many blocks were damaged, of all. */
uint64_t storm_end(void);

#endif
