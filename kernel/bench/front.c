/* The allocators behind one front: pool, heap, kmalloc; first-fit with and without holes, TLSF, buddy, list.
 */
#include <synos/alloc.h>
#include <synos/frame.h>
#include <synos/heap.h>
#include <synos/layout.h>
#include <synos/pool.h>
#include <synos/report.h>
#include <synos/vm.h>
#include "firstfit.h"
#include "front.h"

#define ARENA (8ul << 20)

static const struct allocator pool = {
    .name = "pool", .alloc = pool_alloc, .free = pool_free, .usable = pool_usable};
static const struct allocator heap = {
    .name = "heap", .alloc = heap_alloc, .free = heap_free, .usable = heap_usable};
static const struct allocator kmem = {
    .name = "kmalloc", .alloc = kmalloc, .free = kfree, .usable = kmalloc_usable};

const struct front fronts[FRONT_COUNT] = {
    {"pool", &pool, POOL_LARGEST, 0, 1},
    {"heap", &heap, SIZE_MAX, 0, 1},
    {"kmalloc", &kmem, SIZE_MAX, 0, 1},
    {"firstfit", &baselines[BASELINE_FIRSTFIT], SIZE_MAX, 0, 1},
    {"firstfit-holes", &baselines[BASELINE_FIRSTFIT], SIZE_MAX, FRONT_HOLES, 100},
    {"tlsf", &baselines[BASELINE_TLSF], SIZE_MAX, 0, 1},
    {"buddy", &baselines[BASELINE_BUDDY], SIZE_MAX, 0, 1},
    {"list", &baselines[BASELINE_LIST], SIZE_MAX, 0, 1},
};

void *bench_memory_take(size_t bytes)
{
    const uint64_t phys = frame_alloc((bytes + PAGE_SIZE - 1) >> PAGE_SHIFT);

    return phys ? phys_to_virt(phys) : NULL;
}

void bench_memory_give(void *memory, size_t bytes)
{
    frame_free(virt_to_phys(memory), (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

static void *arena;

bool front_start(struct bench *bench, const struct front *front)
{
    bench_label(bench, "allocator", "%s", front->name);
    if (!front->allocator->start) return true;
    arena = bench_memory_take(ARENA);
    if (!arena) {
        report_note("no memory for the arena of %s: left out", front->name);
        return false;
    }
    if (front->holes > 0)
        firstfit_start_with_holes(arena, ARENA, front->holes);
    else
        front->allocator->start(arena, ARENA);
    return true;
}

void front_stop(const struct front *front)
{
    if (front->allocator->start) bench_memory_give(arena, ARENA);
}
