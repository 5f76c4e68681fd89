/* Switching interrupts off around a critical section, nestable. */
#ifndef SYNOS_IRQ_H
#define SYNOS_IRQ_H

#ifdef __ASSEMBLER__
/* clang-format off */
/* Pushes RFLAGS and disables interrupts; and the reverse. */
.macro irq_push
    pushfq
    cli
.endm
.macro irq_pop
    popfq
.endm
/* clang-format on */
#else
#include <stdbool.h>
#include <stdint.h>

/* Disables interrupts and returns RFLAGS as it was, for irq_restore. */
static inline uint64_t irq_save(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq\n\tpopq %0\n\tcli" : "=r"(flags) : : "memory");
    return flags;
}

static inline void irq_restore(uint64_t flags)
{
    __asm__ volatile("pushq %0\n\tpopfq" : : "r"(flags) : "memory", "cc");
}

/* Whether interrupts were enabled, by what irq_save returned. */
static inline bool irq_was_enabled(uint64_t flags)
{
    return (flags >> 9 & 1) != 0;
}

static inline bool irq_enabled(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags) : : "memory");
    return irq_was_enabled(flags);
}

static inline void irq_enable(void)
{
    __asm__ volatile("sti" : : : "memory");
}

static inline void irq_disable(void)
{
    __asm__ volatile("cli" : : : "memory");
}
#endif

#endif
