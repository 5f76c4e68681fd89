/*
 * One free list, last in, first out, for each power of two; no block is ever split or joined, nothing is
 * checked. Nothing can be much faster, so it is the floor that all others are measured against; not for use.
 */
#ifndef SYNOS_BENCH_LIST_H
#define SYNOS_BENCH_LIST_H

#include "allocator.h"

/* Starts it anew on an arena of its own; false when the arena is too small for any block. */
bool list_start(void *arena, size_t bytes);

/* A block aligned to 64 B, or NULL. */
void *list_alloc(size_t bytes);
void list_free(void *memory);
size_t list_usable(const void *memory);

void list_space(struct allocator_space *out);
const char *list_check(void);

#endif
