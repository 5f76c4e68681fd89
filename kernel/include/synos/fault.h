/* Deliberate faults (fault=NAME), as Linux's LKDTM has: proof that hosts tell the ends of a kernel apart. */
#ifndef SYNOS_FAULT_H
#define SYNOS_FAULT_H

#include <stdbool.h>

/* True when the command line asks for exactly this fault. */
bool fault_wanted(const char *cmdline, const char *name);

/* Before the first byte is printed: `mute` never returns from here. */
void fault_before_output(const char *cmdline);

/* After the hello record: takes the fault that is asked for. Returns for none and for the milder ones. */
void fault_after_hello(const char *cmdline);

#endif
