/*
 * Kernel memory: the one front over pools and heap. Requests up to 8 KiB go to the pools while their class
 * has room, all others to the heap; who owns a pointer is read off its address. Same rules as there: one CPU,
 * not from interrupt handlers, bad frees are caught.
 */
#ifndef SYNOS_ALLOC_H
#define SYNOS_ALLOC_H

#include <stddef.h>

/* Memory for `bytes`, contents undefined, aligned to 64 B at least; NULL when bytes is 0 or there is none. */
void *kmalloc(size_t bytes);

/* Gives back what kmalloc returned; NULL is let pass. */
void kfree(void *memory);

/* Bytes usable at `memory`, at least those asked for; 0 when kmalloc never returned it or it is free. */
size_t kmalloc_usable(const void *memory);

#endif
