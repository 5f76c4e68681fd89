/* STAND-IN until the heap has it: aligned blocks by trying. Blocks are aligned to 1 KiB; small ones in the
 * way are held until a large one lies right. */
#include <synos/heap.h>

void *heap_alloc_aligned(size_t bytes, size_t alignment)
{
    enum { TRIES = 16 };
    void *held[2 * TRIES];
    char *block = NULL;
    unsigned count = 0;

    for (unsigned try = 0; try < TRIES; try++) {
        block = heap_alloc(bytes);
        if (!block || (uintptr_t)block % alignment == 0) break;
        heap_free(block);
        held[count++] = heap_alloc(HEAP_UNIT);
        block = NULL;
    }
    while (count > 0)
        if (held[--count]) heap_free(held[count]);
    return block;
}
