/* The allocators behind one front: pool, heap, kmalloc, and first-fit with and without holes. */
#include <synos/alloc.h>
#include <synos/heap.h>
#include <synos/pool.h>
#include <synos/report.h>
#include "firstfit.h"
#include "front.h"

enum { ARENA = 8 << 20 };

const struct front fronts[FRONT_COUNT] = {
    {"pool", pool_alloc, pool_free, pool_usable, POOL_LARGEST, 0, 1, false},
    {"heap", heap_alloc, heap_free, heap_usable, SIZE_MAX, 0, 1, false},
    {"kmalloc", kmalloc, kfree, kmalloc_usable, SIZE_MAX, 0, 1, false},
    {"firstfit", firstfit_alloc, firstfit_free, firstfit_usable, SIZE_MAX, 0, 1, true},
    {"firstfit-holes", firstfit_alloc, firstfit_free, firstfit_usable, SIZE_MAX, FRONT_HOLES, 100, true},
};

static void *arena;

bool front_start(struct bench *bench, const struct front *front)
{
    bench_label(bench, "allocator", "%s", front->name);
    if (!front->needs_arena) return true;
    arena = heap_alloc(ARENA);
    if (!arena) {
        report_note("no memory for the arena of %s: left out", front->name);
        return false;
    }
    if (front->holes > 0)
        firstfit_start_with_holes(arena, ARENA, front->holes);
    else
        firstfit_start(arena, ARENA);
    return true;
}

void front_stop(const struct front *front)
{
    if (front->needs_arena) heap_free(arena);
}
