/* A sequence of allocations and frees, made before it is timed. */
#ifndef SYNOS_HOST_BENCH_SCRIPT_H
#define SYNOS_HOST_BENCH_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct op {
    uint32_t slot : 31;   /* where the pointer is kept while it lives */
    uint32_t aligned : 1; /* this allocation needs the call that takes an alignment */
    uint32_t bytes;       /* 0: a free */
};

struct script {
    struct op *ops;
    uint32_t *owners; /* of each allocation: its slot, while a script is made */
    uint32_t count, room;
    uint32_t prelude;            /* so many at the start are run once, the rest again and again */
    uint32_t allocations, pairs; /* pairs: allocations behind the prelude */
    uint32_t slots, spare;       /* used at all; on the stack of free ones */
    uint32_t *free_slots;
    uint32_t *bytes_in; /* of each slot */
    uint64_t live, peak_live;
};

/* Memory that no contender serves; shared with forked children. Ends the process when there is none. */
void *script_memory(size_t bytes);

/* For at most `room` steps. */
void script_start(struct script *script, uint32_t room);

/* Returns the allocation's number, from 0. Bytes in 1 .. 2^32 - 1. */
uint32_t script_alloc(struct script *script, uint64_t bytes);

void script_free(struct script *script, uint32_t allocation);

/* What was made so far is the prelude. */
void script_end_prelude(struct script *script);

/* 0 when the allocation is live no more. */
bool script_is_live(const struct script *script, uint32_t allocation);

/* Frees all that is live. */
void script_finish(struct script *script);

/* Deterministic random numbers for the makers of scripts. */
uint32_t script_random(uint64_t *state);

/* The makers. */
void script_churn(struct script *script);
void script_language_model(struct script *script);

/* An AT1 trace; NULL, or what is wrong with the file. */
const char *script_trace(struct script *script, const char *file);

#endif
