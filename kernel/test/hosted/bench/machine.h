/* A machine made of a process, for timing: as small as mm/ allows, and nothing in it that a kernel would not
 * pay for. */
#ifndef SYNOS_HOST_BENCH_MACHINE_H
#define SYNOS_HOST_BENCH_MACHINE_H

/* Readies kmalloc on the calling thread, which becomes CPU 0. Ends the process when the windows cannot be
 * had. */
void machine_init(void);

/* The calling thread becomes CPU `index` of a machine of `cpus`; the CPUs before it call again when they grow
 * more. */
void machine_enter_cpu(unsigned index, unsigned cpus);

#endif
