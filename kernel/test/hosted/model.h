/* The long randomised tests: each allocator beside a model that is too simple to be wrong. */
#ifndef SYNOS_TEST_MODEL_H
#define SYNOS_TEST_MODEL_H

#include <stdint.h>

/* How many seconds each model test may take; fewer steps are made on a slow machine, and how many is printed.
 */
extern unsigned model_seconds;

#endif
