/* kmalloc and kfree: the pools' fast paths, with the heap behind them. */
#include <synos/alloc.h>
#include <synos/heap.h>
#include "pool_depot.h"

static void *alloc_slow(size_t bytes)
{
    void *object = pool_alloc_slow(bytes);

    return object ? object : heap_alloc(bytes);
}

static void free_slow(void *memory)
{
    const uint64_t offset = (uintptr_t)memory - HEAP_BASE;

    if (!memory) return;
    if (offset < HEAP_SIZE)
        heap_free(memory);
    else
        pool_free_slow(memory);
}

void *kmalloc(size_t bytes)
{
    return pool_alloc_or(bytes, alloc_slow);
}

void kfree(void *memory)
{
    pool_free_or(memory, free_slow);
}

size_t kmalloc_usable(const void *memory)
{
    const size_t bytes = pool_usable(memory);

    return bytes != 0 ? bytes : heap_usable(memory);
}
