/* Private to arch/: the format of x86-64 page tables (Intel SDM vol. 3A, 4.5) and the walk over them. */
#ifndef SYNOS_ARCH_PAGING_H
#define SYNOS_ARCH_PAGING_H

#include <stdint.h>

#define PTE_PRESENT    (1ull << 0)
#define PTE_WRITE      (1ull << 1)
#define PTE_UNCACHED   (3ull << 3) /* PWT and PCD */
#define PTE_LARGE      (1ull << 7) /* in a page directory: a page of 2 MiB */
#define PTE_GLOBAL     (1ull << 8)
#define PTE_NO_EXECUTE (1ull << 63)
#define PTE_ADDRESS    0x000ffffffffff000ull

#define TABLE_ENTRIES   512
#define LARGE_PAGE_SIZE (1ull << 21)

/* PTE_NO_EXECUTE, or 0 on a CPU without NX: setting the bit there would fault. */
extern uint64_t paging_no_execute;

/* Depth of an entry in the tree; the value is the number of 9-bit steps above a 4 KiB page. */
enum paging_level { LEVEL_PAGE = 0, LEVEL_LARGE = 1, LEVEL_ROOT = 3 };

/* The tree in use or under construction: its root's address in the direct map. */
extern uint64_t *paging_root;

/* A zeroed frame for a table or an early stack; 0 = none left. */
uint64_t paging_take_frame(void);

/*
 * The entry for `virt` at `level`. With `create`, tables missing on the way are made. NULL when a table is
 * missing (or could not be made), and when a large page covers `virt` above that level.
 */
uint64_t *paging_entry(uint64_t virt, enum paging_level level, int create);

/* The bits of an entry for protection bits of enum vm_prot. */
uint64_t paging_bits(unsigned prot);

#endif
