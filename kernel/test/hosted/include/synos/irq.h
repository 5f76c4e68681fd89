/* The hosted build has no interrupts to switch off. Found first on the include path. */
#ifndef SYNOS_IRQ_H
#define SYNOS_IRQ_H

#ifdef __ASSEMBLER__
/* clang-format off */
.macro irq_push
    pushq $0
.endm
.macro irq_pop
    lea 8(%rsp), %rsp
.endm
/* clang-format on */
#else
#include <stdbool.h>
#include <stdint.h>

static inline uint64_t irq_save(void)
{
    return 0;
}

static inline bool irq_was_enabled(uint64_t flags)
{
    (void)flags;
    return true;
}

static inline void irq_restore(uint64_t flags)
{
    (void)flags;
}
#endif

#endif
