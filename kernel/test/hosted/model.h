/*
 * kmalloc beside a model that is too simple to be wrong. Every step changes both, and the model says whether
 * a new block lies where nothing else does and whether an old one has kept its content. Steps return false
 * when the two disagree.
 */
#ifndef SYNOS_TEST_MODEL_H
#define SYNOS_TEST_MODEL_H

#include <stdbool.h>
#include <stddef.h>

enum { MODEL_BLOCKS = 3000 };

/* How many seconds each randomised test may take; fewer steps are made on a slow machine, and how many is
 * printed. */
extern unsigned model_seconds;

size_t model_live(void);

/* There must be room: fewer than MODEL_BLOCKS live. Out of memory is no disagreement. */
bool model_allocate(size_t bytes, unsigned char content);

/* Of the live blocks (there must be one), the one with number `at` modulo their count; by kfree_sized or by
 * kfree. */
bool model_release(size_t at, bool sized);

/* Frees 1 + offset bytes behind the start of such a block: refused, once, unless the model knows a block
 * there. */
bool model_refuses(size_t at, size_t offset);

/* Whether every live block has its content. */
bool model_intact(void);

/* "sound", or the sentence of pool_check or heap_check that does not hold. */
const char *model_check(void);

#endif
