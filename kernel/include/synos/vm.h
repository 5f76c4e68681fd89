/* Page tables: mapping of single pages, and the direct map between physical and virtual addresses. Every
 * function but vm_init may be called on all CPUs at once. */
#ifndef SYNOS_VM_H
#define SYNOS_VM_H

#include <stddef.h>
#include <stdint.h>
#include <synos/bootinfo.h>

/* Protection bits of a mapping. VM_WRITE with VM_EXEC is refused: no page is ever both (W^X). VM_UNCACHED is
 * for registers of devices. */
enum vm_prot { VM_READ = 1, VM_WRITE = 2, VM_EXEC = 4, VM_UNCACHED = 8 };

/* The direct map's address of a physical one; valid for RAM named by the boot loader. */
void *phys_to_virt(uint64_t phys);

/* Physical address of a byte in the direct map or in the kernel image; panics for any other window. */
uint64_t virt_to_phys(const void *virt);

/*
 * Maps `pages` pages of 4 KiB at `virt` (page aligned, in the upper half) to consecutive frames from `phys`.
 * Returns 0, ERR_INVALID, ERR_EXISTS (a page is mapped already) or ERR_NO_MEMORY (no frame for a table);
 * on an error nothing of the range stays mapped by this call.
 */
int vm_map(void *virt, uint64_t phys, size_t pages, unsigned prot);

/*
 * Unmaps pages that vm_map mapped. When it returns, no CPU sees them any more: it waits for all others to
 * flush theirs, which each of them does in an interrupt, or while it waits itself (spin_wait). Page tables
 * stay for the next mapping. Not for interrupt handlers.
 */
void vm_unmap(void *virt, size_t pages);

/* Builds and loads the kernel's own tables; `info` says what is RAM. Called once, from the boot story. */
void vm_init(const struct bootinfo *info);

/* Memory that vm_init took for tables and first stacks: the frame allocator must leave it alone. */
void vm_reserved(uint64_t *base, uint64_t *length);

/* From now on page tables come from `source(1)`, a physical address or 0: arch/ must not call mm/ itself. */
void vm_set_frame_source(uint64_t (*source)(size_t pages));

/* Physical address of the frame that vm_map put behind the page at `virt`; 0 when there is none. */
uint64_t vm_frame(const void *virt);

/* How the page at `virt` is mapped now: its protection bits, 0 when it is not; for tests and for dumps. */
unsigned vm_query(const void *virt);

#endif
