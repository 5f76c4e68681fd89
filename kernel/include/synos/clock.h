/* Time stamp counter: the only clock of the kernel. Under QEMU's -icount shift=0 one tick is one instruction.
 */
#ifndef SYNOS_CLOCK_H
#define SYNOS_CLOCK_H

#include <stdint.h>

/* Ticks since reset. Ordered: loads before it have ended, later ones have not begun (Intel SDM, RDTSC). */
static inline uint64_t clock_ticks(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
    return ((uint64_t)high << 32) | low;
}

/* Ticks per millisecond; measured once (CPUID, else the PIT), then remembered. 0: the machine has neither. */
uint64_t clock_khz(void);

/* A rate that is known need not be measured: that takes 6 ms, four fifths of a boot that counts instructions.
 * To be called before anybody asks. */
void clock_set_khz(uint64_t khz);

#endif
