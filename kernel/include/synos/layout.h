/* Where everything lies in the virtual address space. Fixed windows: a pointer's top bits name its owner. */
// clang-format off
/*
 *   ffff800000000000  DIRECT_MAP  all RAM: physical address + base; RW, never executable; text, rodata read-only
 *   ffffb00000000000  HEAP        runs above the pool classes; the upper half of the window is their descriptors
 *   ffffc00000000000  STACK       one slot a stack: [ guard page, unmapped | stack, grows down ]
 *   ffffd00000000000  PERCPU      one slot a CPU; GS base is the slot of the CPU that runs
 *   ffffe00000000000  DEVICE      the local APIC's registers, and a page through which firmware's tables are read
 *   ffffffff80000000  KERNEL      image: text RX, rodata R, data+bss RW; physical = virtual - KERNEL_BASE
 *   ffffffffa0000000  POOL        8 classes x 8 MiB, committed page by page; behind them their tables. In the last 2 GiB, so that an
 *                                 instruction can name any byte of it by a displacement of 32 bits
 *
 * The lower half is empty once vm_init() has run: a null pointer, or a small integer taken for one, faults.
 */
// clang-format on
#ifndef SYNOS_LAYOUT_H
#define SYNOS_LAYOUT_H

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1ull << PAGE_SHIFT)

#define DIRECT_MAP_BASE 0xffff800000000000ull
#define DIRECT_MAP_SIZE (1ull << 45) /* 32 TiB, up to POOL_BASE */

#define POOL_BASE        0xffffffffa0000000
#define POOL_CLASS_SHIFT 23 /* 8 MiB a class */
#define POOL_CLASSES     8
#define POOL_SIZE        ((uint64_t)POOL_CLASSES << POOL_CLASS_SHIFT)

#define HEAP_BASE 0xffffb00000000000
#define HEAP_SIZE 0x400000000 /* 16 GiB of addresses; memory only where committed */

#define STACK_BASE       0xffffc00000000000ull
#define STACK_SLOT_PAGES 17ull             /* the lowest page is the guard */
#define STACK_SLOTS      (4ull * CPUS_MAX) /* a CPU's own, and three for exceptions that cannot use it */

#define PERCPU_BASE  0xffffd00000000000ull
#define PERCPU_SHIFT 16 /* 64 KiB of addresses a CPU; mapped as far as somebody uses them */
#define CPUS_MAX     64

#define DEVICE_BASE 0xffffe00000000000ull

#define KERNEL_BASE 0xffffffff80000000ull

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Edges of the image, from linker.ld; take the address, never the value. */
extern char image_start[], text_start[], text_end[], rodata_start[], rodata_end[], data_start[], data_end[],
    image_end[];
#endif

#endif
