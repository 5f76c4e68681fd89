/* The one door through which pools and heap get their frames and give them back: what both hold together is
 * counted here, and may be limited. Page tables go past it. Any CPU, interrupts on or off. */
#ifndef SYNOS_MM_COMMIT_H
#define SYNOS_MM_COMMIT_H

#include <stddef.h>
#include <stdint.h>

/* The physical address of one frame, contents undefined; 0 when there is none or the limit is reached. */
uint64_t commit_frame(void);

/* How many frames commit_frame could give now, if nobody else took any: a request for more need not begin. */
size_t commit_room(void);

/* Gives back what one commit_frame returned. */
void uncommit_frame(uint64_t phys);

#endif
