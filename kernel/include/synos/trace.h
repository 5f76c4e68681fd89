/* Allocation traces that were handed over with the kernel, for the benchmark suite `trace`. */
#ifndef SYNOS_TRACE_H
#define SYNOS_TRACE_H

#include <synos/bootinfo.h>

/*
 * Remembers the boot modules and the host's fw_cfg file `opt/synos/trace` (for an ISO, whose modules are
 * fixed): each is a trace, named as its module, or a cpio archive of traces, named as its files. Frames must
 * work. What is wrong with them is told by the benchmark, when it is asked for.
 */
void trace_collect(const struct bootinfo *boot);

#endif
