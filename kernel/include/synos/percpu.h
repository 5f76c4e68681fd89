/*
 * What each CPU has for itself: a slot of PERCPU_SHIFT bits in a window of its own, whose start is the CPU's
 * GS base. The first bytes are struct percpu; floors above arch/ have areas at fixed offsets in the same
 * slot, so that one instruction reaches them through %gs.
 */
#ifndef SYNOS_PERCPU_H
#define SYNOS_PERCPU_H

#include <synos/layout.h>

#define PERCPU_POOL  4096                 /* offset of the pools' caches (mm/) */
#define PERCPU_HEAP  (PERCPU_POOL + 8192) /* offset of the heap's cache (mm/) */
#define PERCPU_BYTES (PERCPU_HEAP + 4096) /* mapped of each slot, zeroed */

#ifndef __ASSEMBLER__
#include <stdint.h>

struct percpu {
    struct percpu *self; /* at %gs:0 */
    uint32_t index;      /* 0 for the CPU that booted, then up by one */
};

static inline struct percpu *this_cpu(void)
{
    struct percpu *self;

    __asm__("movq %%gs:0, %0" : "=r"(self));
    return self;
}

/* The slot of any CPU, mapped for those below cpu_count(). */
static inline struct percpu *percpu_slot(unsigned index)
{
    return (struct percpu *)(PERCPU_BASE + ((uintptr_t)index << PERCPU_SHIFT));
}

/* CPUs that run; 1 until the others are started. */
unsigned cpu_count(void);

/* Maps the boot CPU's slot and its stacks for exceptions; until then this_cpu() is a place without the areas.
 */
void percpu_init(void);
#endif

#endif
