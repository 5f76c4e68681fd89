/*
 * TLSF, two-level segregated fit (Masmano, Ripoll, Crespo, Real: "TLSF: a new dynamic memory allocator for
 * real-time systems", ECRTS 2004), as its authors have it: a measure that pools and heap are compared with,
 * not for use.
 */
#ifndef SYNOS_BENCH_TLSF_H
#define SYNOS_BENCH_TLSF_H

#include "allocator.h"

/* Starts it anew on an arena of its own; false when the arena is too small for any block. */
bool tlsf_start(void *arena, size_t bytes);

/* A block aligned to 64 B, or NULL. */
void *tlsf_alloc(size_t bytes);
void tlsf_free(void *memory);
size_t tlsf_usable(const void *memory);

void tlsf_space(struct allocator_space *out);
const char *tlsf_check(void);

#endif
