/* The hosted build's clock: stands still until a test moves it, so that what the harness makes of it is
 * known. */
#ifndef SYNOS_CLOCK_H
#define SYNOS_CLOCK_H

#include <stdint.h>

extern uint64_t shim_ticks;

static inline uint64_t clock_ticks(void)
{
    return shim_ticks;
}

#endif
