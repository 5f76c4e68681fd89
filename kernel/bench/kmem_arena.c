/* Limits pools and heap, and asks what is left under the limit. */
#include "kmem_arena.h"

#include <synos/alloc.h>
#include <synos/heap.h>
#include <synos/layout.h>
#include <synos/pool.h>

enum { KEPT_MAX = 4096 }; /* bytes that the heap may keep though nothing lives there */

/* Bytes: committed before the replay beyond what the heap keeps, live then, and allowed beyond. */
static size_t base, live_before, arena;

static size_t live_bytes(void)
{
    struct heap_stats heap;
    int64_t bytes = 0;

    for (unsigned class = 0; class < POOL_CLASSES; class ++) {
        struct pool_stats pool;

        pool_stats(class, &pool);
        bytes += pool.live * (int64_t)pool.bytes;
    }
    heap_stats(&heap);
    return (size_t)bytes + heap.live;
}

/* What is kept serves the replay, so it counts as part of its arena. */
static size_t kept_by_heap(void)
{
    struct heap_stats heap;

    heap_stats(&heap);
    return heap.committed > heap.live ? heap.committed - heap.live : 0;
}

/* A limit means something only for an allocator that is empty, and whose memory is all counted. */
static bool start(void *unused, size_t bytes)
{
    (void)unused;
    kmem_arena_end();
    const size_t held = kmem_committed(), kept = kept_by_heap();

    if (kept > KEPT_MAX || kept > held || kept > bytes) return false;
    live_before = live_bytes();
    arena = bytes;
    kmem_limit(base + bytes);
    return true;
}

void kmem_arena_end(void)
{
    kmem_limit(SIZE_MAX);
    kmem_trim();
    const size_t held = kmem_committed(), kept = kept_by_heap();
    base = held > kept ? held - kept : 0;
}

/* The largest block that can be had, to 1/256 of what is free. */
static void probe(void *(*alloc)(size_t), void (*free)(void *), struct allocator_space *out)
{
    const size_t live = live_bytes() - live_before;
    size_t high;

    out->total = arena > live ? arena - live : 0;
    out->largest = 0;
    high = out->total + 1;
    while (high - out->largest > out->total / 256 + 64) {
        const size_t middle = out->largest + (high - out->largest) / 2;
        void *memory = alloc(middle);

        if (memory) {
            free(memory);
            out->largest = middle;
        } else {
            high = middle;
        }
    }
    kmem_trim();
}

static void kmem_space(struct allocator_space *out)
{
    probe(kmalloc, kfree, out);
}

static void heap_space(struct allocator_space *out)
{
    probe(heap_alloc, heap_free, out);
}

const struct allocator kmem_in_arena = {"kmalloc", kmalloc,    kfree,     kmalloc_usable,
                                        start,     kmem_space, pool_check};
const struct allocator heap_in_arena = {"heap", heap_alloc, heap_free, heap_usable,
                                        start,  heap_space, heap_check};

static size_t footprint(void)
{
    return kmem_committed() - base;
}

static bool is_pooled(const void *memory)
{
    return (uintptr_t)memory - POOL_BASE < POOL_SIZE;
}

const struct replay_hooks kmem_hooks = {.footprint = footprint, .is_pooled = is_pooled};
