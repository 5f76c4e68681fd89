/* A machine made of a process: what mm/ and lib/ call below them, for tests on the host. */
#ifndef SYNOS_TEST_SHIM_H
#define SYNOS_TEST_SHIM_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHIM_RAM_MIB = 96 };

/* Creates the RAM (a memory file) and its direct map; RAM starts at physical address 1 MiB. */
void shim_init(void);

/*
 * Makes the calling thread CPU `index`, as this_cpu() knows it; shim_init makes its caller CPU 0. A slot is
 * zeroed when its index is used for the first time and keeps what it holds from then on: a later thread with
 * the same index goes on with it. Two threads at a time must not have one index.
 */
void shim_enter_cpu(unsigned index);

/* What lies behind pages of the windows, for vm_frame: `pages` frames from `phys` on, or none any more. */
void shim_note_frames(void *virt, uint64_t phys, size_t pages);
void shim_forget_frames(void *virt, size_t pages);

/* Frames start afresh, over all of the RAM. */
void shim_init_frames(void);

/* From now on vm_map fails after `maps` more pages; UINT64_MAX: never. */
void shim_fail_maps_after(uint64_t maps);

/* From now on vm_unmap calls this first, as if another CPU did it at that moment; NULL: nothing. */
void shim_on_unmap(void (*hook)(void));

/* Whether `statement` panics with a reason that contains `text`. Not for code that must clean up behind
 * itself. */
#define SHIM_PANICS(text, statement)                                                                         \
    (setjmp(shim_panicked) == 0 ? (shim_expect_panic(text), statement, shim_no_panic()) : true)
extern jmp_buf shim_panicked;
void shim_expect_panic(const char *text);
bool shim_no_panic(void);

#endif
