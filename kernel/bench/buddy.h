/* A binary buddy allocator (Knowlton 1965): a measure that pools and heap are compared with, not for use. */
#ifndef SYNOS_BENCH_BUDDY_H
#define SYNOS_BENCH_BUDDY_H

#include "allocator.h"

/* Starts it anew on an arena of its own; false when the arena is too small for any block. */
bool buddy_start(void *arena, size_t bytes);

/* A block aligned to 64 B, or NULL. */
void *buddy_alloc(size_t bytes);
void buddy_free(void *memory);
size_t buddy_usable(const void *memory);

void buddy_space(struct allocator_space *out);
const char *buddy_check(void);

#endif
