/* The hosted build's address space: the kernel's layout.h with windows that a process can map. Found first on
 * the include path. */
#ifndef SYNOS_LAYOUT_H
#define SYNOS_LAYOUT_H

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1ull << PAGE_SHIFT)

/* Above the sanitizers' shadow memory and below their own heap. */
#define DIRECT_MAP_BASE 0x200000000000ull
#define DIRECT_MAP_SIZE (1ull << 40)

#define POOL_BASE        0x300000000000ull
#define POOL_CLASS_SHIFT 23
#define POOL_CLASSES     8
#define POOL_SIZE        ((uint64_t)POOL_CLASSES << POOL_CLASS_SHIFT)

#define HEAP_BASE 0x400000000000ull
#define HEAP_SIZE (1ull << 34)

#include <stdint.h>

#endif
