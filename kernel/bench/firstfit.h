/* A first-fit heap as textbooks have it: the measure that pools and heap are compared with, not for use. */
#ifndef SYNOS_BENCH_FIRSTFIT_H
#define SYNOS_BENCH_FIRSTFIT_H

#include "allocator.h"

/* Starts it anew on an arena of its own; false when the arena is too small for any block. */
bool firstfit_start(void *arena, size_t bytes);

/* The same, then takes and frees until `holes` free blocks of random sizes below 2 KiB lie between live ones.
 */
void firstfit_start_with_holes(void *arena, size_t bytes, unsigned holes);

/* A block aligned to 64 B, or NULL. */
void *firstfit_alloc(size_t bytes);
void firstfit_free(void *block);
size_t firstfit_usable(const void *block);

void firstfit_space(struct allocator_space *out);

/* Free blocks; NULL or the sentence that does not hold. */
size_t firstfit_free_blocks(void);
const char *firstfit_check(void);

#endif
