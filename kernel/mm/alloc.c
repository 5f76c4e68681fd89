/* kmalloc and kfree behind their fast paths (pool_fast.S): the pools' slow paths, with the heap behind them.
 */
#include <synos/alloc.h>
#include <synos/heap.h>
#include <synos/misuse.h>
#include "heap_live.h"
#include "pool_private.h"

void *kmalloc_slow(size_t bytes)
{
    void *object = pool_alloc_slow(bytes);

    return object ? object : heap_alloc(bytes);
}

/* What is no live block on the quick path of the heap. */
void kfree_slow(void *memory)
{
    const uint64_t offset = (uintptr_t)memory - HEAP_BASE;

    if (offset < HEAP_SIZE)
        heap_free_slow(memory);
    else if (memory)
        pool_free_foreign(memory);
}

#if SYNOS_DEBUG
void kfree_elsewhere(void *memory)
{
    kfree_slow(memory);
}
#endif

/* Of the heap: of the class that was full for what a pool could have served, else exactly what was asked for.
 * What is no live block is left to the free, which will tell. */
static bool is_sized_in_heap(const void *memory, size_t bytes)
{
    const size_t asked = heap_asked(memory);

    if (asked == 0 || bytes == asked) return true;
    return asked <= POOL_LARGEST && bytes - 1 < POOL_LARGEST &&
           pool_state_for(bytes) == pool_state_for(asked);
}

void kfree_sized(void *memory, size_t bytes)
{
    if (memory && !pool_is_sized(memory, bytes))
        pool_report(MISUSE_WRONG_SIZE_FREE, memory);
    else if (memory && !is_sized_in_heap(memory, bytes))
        heap_report_size(memory);
    else
        kfree(memory);
}

size_t kmalloc_usable(const void *memory)
{
    const size_t bytes = pool_usable(memory);

    return bytes != 0 ? bytes : heap_usable(memory);
}

size_t kmem_trim(void)
{
    return pool_trim() + heap_trim();
}
