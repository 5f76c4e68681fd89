/*
 * Restartable ranges: short runs of instructions that an interrupt must not cut in two. Whoever interrupts
 * one sends it back to its first instruction before anything else runs on that CPU, so that the range either
 * has committed or has done nothing that counts. Costs the range itself no instruction.
 *
 * A range lies in the section `.text.restart`, reads what it needs anew after its first instruction, and its
 * last instruction is the one store that makes it count:
 *
 *     1:  mov  %gs:count, %rcx        first: may be run again at any time
 *         dec  %rcx
 *     2:  mov  %rcx, %gs:count        commits
 *     3:
 *     RESTART_RANGE(1b, 3b)           in inline assembly, a string; in a .S file, restart_range 1b, 3b
 */
#ifndef SYNOS_RESTART_H
#define SYNOS_RESTART_H

#ifdef __ASSEMBLER__
/* clang-format off */
.macro restart_range first, end
    .pushsection .restart, "a", @progbits
    .balign 16
    .quad \first, \end
    .popsection
.endm
/* clang-format on */
#else
#include <stdint.h>

/* `first`: label of the first instruction; `end`: one behind the committing one. */
#define RESTART_RANGE(first, end)                                                                            \
    ".pushsection .restart, \"a\", @progbits\n\t"                                                            \
    ".balign 16\n\t"                                                                                         \
    ".quad " #first ", " #end "\n\t"                                                                         \
    ".popsection\n\t"

/* Of the linker script: all code of `.text.restart`. */
extern const char restart_text_start[], restart_text_end[];

/* The start of the range [first, end) that holds `rip`, else `rip`; for any rip. */
uint64_t restart_point_in_table(uint64_t rip);

/* Where to go on from an interrupt at `rip`: one comparison when that is outside of all ranges. */
static inline uint64_t restart_point(uint64_t rip)
{
    const uint64_t bytes = (uint64_t)restart_text_end - (uint64_t)restart_text_start;

    if (__builtin_expect(rip - (uint64_t)restart_text_start >= bytes, 1)) return rip;
    return restart_point_in_table(rip);
}
#endif

#endif
