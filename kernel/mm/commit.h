/* The one door through which pools and heap get their frames and give them back: what both hold together is
 * counted here, and may be limited. Page tables go past it. Any CPU, interrupts on or off. */
#ifndef SYNOS_MM_COMMIT_H
#define SYNOS_MM_COMMIT_H

#include <stddef.h>
#include <stdint.h>

/* The physical address of one frame, contents undefined; 0 when there is none or the limit is reached. */
uint64_t commit_frame(void);

/* Gives back what one commit_frame returned. */
void uncommit_frame(uint64_t phys);

/* Bytes that pools and heap hold now. */
size_t kmem_committed(void);

/* From now on commit_frame fails when pools and heap would hold more than `bytes`; SIZE_MAX: never. What is
 * held already stays. */
void kmem_limit(size_t bytes);

#endif
