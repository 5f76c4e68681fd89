/*
 * Kernel memory: the one front over pools and heap. Requests up to 8 KiB go to the pools while their class
 * has room, all others to the heap; who owns a pointer is read off its address. Any CPU may call, interrupt
 * handlers too, and a block may be freed on another CPU than it came from. Bad frees are caught at the free:
 * misuse.h.
 */
#ifndef SYNOS_ALLOC_H
#define SYNOS_ALLOC_H

#include <stddef.h>

/* Memory for `bytes`, contents undefined, aligned to 64 B at least; NULL when bytes is 0 or there is none. */
void *kmalloc(size_t bytes);

/* Gives back what kmalloc returned; NULL is let pass. */
void kfree(void *memory);

/* The same, and catches a caller who is wrong about the size: `bytes` must be of the class that the block is
 * of; above 8 KiB, what was asked for. */
void kfree_sized(void *memory, size_t bytes);

/* Bytes usable at `memory`, at least those asked for; 0 when kmalloc never returned it or it is free. */
size_t kmalloc_usable(const void *memory);

/* Gives memory that is free in pools and heap, in all CPUs' caches too, back to the frame allocator; returns
 * how many bytes. With interrupts on, and not from a handler: other CPUs are told to forget the pages. */
size_t kmem_trim(void);

/* Bytes of memory that pools and heap hold now. */
size_t kmem_committed(void);

/* From now on pools and heap get no more memory when they would hold more than `bytes`; SIZE_MAX: no limit.
 * What they hold stays. */
void kmem_limit(size_t bytes);

#endif
