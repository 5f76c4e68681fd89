/* The hosted build's address space: the kernel's layout.h with windows that a process can map. Found first on
 * the include path. */
#ifndef SYNOS_LAYOUT_H
#define SYNOS_LAYOUT_H

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1ull << PAGE_SHIFT)

/* Above AddressSanitizer's shadow memory and below its own heap; ThreadSanitizer lets a program be in the
 * first 512 GiB. */
#ifdef SHIM_LOW_WINDOWS
#define SHIM_WINDOW(number) ((number)*0x1000000000)
#else
#define SHIM_WINDOW(number) (0x200000000000 + (number)*0x10000000000)
#endif

#define DIRECT_MAP_BASE SHIM_WINDOW(1)
#define DIRECT_MAP_SIZE (1ull << 34)

/* Within the first 2 GiB, so that a displacement of 32 bits reaches it as in the kernel. */
#define POOL_BASE        0x40000000
#define POOL_CLASS_SHIFT 23
#define POOL_CLASSES     8
#define POOL_SIZE        ((uint64_t)POOL_CLASSES << POOL_CLASS_SHIFT)

#define HEAP_BASE SHIM_WINDOW(2)
#define HEAP_SIZE 0x400000000

#define PERCPU_BASE  SHIM_WINDOW(3)
#define PERCPU_SHIFT 16
#define CPUS_MAX     64

#ifndef __ASSEMBLER__
#include <stdint.h>
#endif

#endif
