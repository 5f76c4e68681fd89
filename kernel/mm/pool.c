/* Pools: the slow paths. Caches are filled from the depot and flushed to it; the depot gets new objects
 * carved from the window. */
#include <synos/errors.h>
#include <synos/frame.h>
#include <synos/misuse.h>
#include <synos/panic.h>
#include <synos/string.h>
#include <synos/vm.h>
#include "pool_depot.h"

enum {
    COMMIT_BYTES = 16384
}; /* new memory a refill, unless one object needs more: small enough to call it lazy */

struct pool_cache pool_caches[POOL_CLASSES];
struct pool_depot pool_depots[POOL_CLASSES];

/* State pages that are not the shared page of zeros any more, one bit each. */
static uint64_t private_states[POOL_STATE_PAGES / 64];

void pool_init(void)
{
    const uint64_t zeros = frame_alloc(1);
    unsigned char *states = pool_states(pool_window());

    if (zeros == 0) panic("no frame for the pools' state table");
    memset(phys_to_virt(zeros), 0, PAGE_SIZE);
    for (size_t page = 0; page < POOL_STATE_PAGES; page++)
        if (vm_map(states + page * PAGE_SIZE, zeros, 1, VM_READ) != 0)
            panic("no memory for the pools' state table");
}

/* Gives the state byte of `granule` a page of its own, which starts as a copy of the zeros. */
static int make_state_private(uint64_t granule)
{
    const size_t page = granule >> PAGE_SHIFT;
    unsigned char *states = pool_states(pool_window()) + page * PAGE_SIZE;

    if (private_states[page / 64] >> (page % 64) & 1) return 0;
    const uint64_t phys = frame_alloc(1);
    if (phys == 0) return ERR_NO_MEMORY;
    memset(phys_to_virt(phys), 0, PAGE_SIZE);
    vm_unmap(states, 1);
    if (vm_map(states, phys, 1, VM_READ | VM_WRITE) != 0) panic("a page table that was there is gone");
    private_states[page / 64] |= 1ull << (page % 64);
    return 0;
}

/* Puts memory behind the first `bytes` bytes of a class. */
static int commit(unsigned class, size_t bytes)
{
    struct pool_depot *depot = &pool_depots[class];
    unsigned char *base = pool_window() + ((size_t) class << POOL_CLASS_SHIFT);

    while (depot->committed < bytes) {
        const uint64_t phys = frame_alloc(1);

        if (phys == 0) return ERR_NO_MEMORY;
        if (vm_map(base + depot->committed, phys, 1, VM_READ | VM_WRITE) != 0) {
            frame_free(phys, 1);
            return ERR_NO_MEMORY;
        }
        depot->committed += PAGE_SIZE;
    }
    return 0;
}

/* Makes one more object and returns its granule, or POOL_GRANULES when the class is full or memory is used
 * up. */
static uint64_t carve(unsigned class)
{
    struct pool_depot *depot = &pool_depots[class];
    const uint64_t granule = pool_class_granule(class, depot->carved);

    if (depot->carved == POOL_CAPACITY || commit(class, (depot->carved + 1) * pool_bytes(class)) != 0 ||
        make_state_private(granule) != 0)
        return POOL_GRANULES;
    depot->carved++;
    pool_states(pool_window())[granule] = POOL_FREE;
    if (SYNOS_DEBUG) pool_poison(pool_window() + (granule << POOL_GRANULE_SHIFT), pool_bytes(class));
    return granule;
}

/* The live count is highest where the cache was lowest, since neither depot nor carved changed meanwhile. */
static void note_peak(unsigned class)
{
    struct pool_depot *depot = &pool_depots[class];
    const uint32_t live = depot->carved - depot->count - (uint32_t)pool_caches[class].lowest;

    if (live > depot->peak) depot->peak = live;
}

/* Fills an empty cache: from the depot, else with new objects. False when there are none. */
static bool refill(unsigned class)
{
    struct pool_cache *cache = &pool_caches[class];
    struct pool_depot *depot = &pool_depots[class];
    size_t fresh = COMMIT_BYTES / pool_bytes(class);

    note_peak(class);
    while (depot->count > 0 && cache->count < POOL_BATCH)
        cache->stack[cache->count++] = depot->stack[--depot->count];
    if (cache->count == 0) {
        for (fresh = fresh < POOL_BATCH ? fresh : POOL_BATCH; fresh > 0; fresh--) {
            const uint64_t granule = carve(class);

            if (granule == POOL_GRANULES) break;
            cache->stack[cache->count++] = (uint32_t)granule;
        }
    }
    cache->lowest = cache->count;
    depot->refills += cache->count > 0;
    return cache->count > 0;
}

/* Gives the oldest batch of a full cache to the depot; the newest, still warm in the CPU's cache, stay. */
static void flush(unsigned class)
{
    struct pool_cache *cache = &pool_caches[class];
    struct pool_depot *depot = &pool_depots[class];

    note_peak(class);
    memcpy(depot->stack + depot->count, cache->stack, POOL_BATCH * sizeof(*cache->stack));
    depot->count += POOL_BATCH;
    cache->count -= POOL_BATCH;
    memmove(cache->stack, cache->stack + POOL_BATCH, cache->count * sizeof(*cache->stack));
    cache->lowest = cache->count;
    depot->flushes++;
}

static void *nothing(size_t bytes)
{
    (void)bytes;
    return NULL;
}

void *pool_alloc_slow(size_t bytes)
{
    if (bytes - 1 >= POOL_LARGEST) return NULL;
    const unsigned class = (unsigned)pool_state_for(bytes) - POOL_FIRST;
    if (!refill(class)) {
        pool_depots[class].fallbacks++;
        return NULL;
    }
    return pool_alloc_or(bytes, nothing);
}

/* Why a pointer into the window is not a live object. */
static enum misuse diagnose(const void *object)
{
    const uint64_t offset = (uintptr_t)object - POOL_BASE;
    const unsigned class = (unsigned)(offset >> POOL_CLASS_SHIFT);
    const uint64_t index = (offset & ((1ull << POOL_CLASS_SHIFT) - 1)) / pool_bytes(class);

    if (index >= pool_depots[class].carved) return MISUSE_UNALLOCATED_FREE;
    return offset % pool_bytes(class) == 0 ? MISUSE_DOUBLE_FREE : MISUSE_INTERIOR_FREE;
}

static void nowhere(void *object)
{
    (void)object;
}

void pool_free_slow(void *object)
{
    const size_t bytes = pool_usable(object);

    if ((uintptr_t)object - POOL_BASE >= POOL_SIZE) {
        misuse_report(MISUSE_FOREIGN_FREE, object);
    } else if (bytes == 0) {
        misuse_report(diagnose(object), object);
    } else {
        flush((unsigned)pool_state_for(bytes) - POOL_FIRST);
        pool_free_or(object, nowhere);
    }
}

void *pool_alloc(size_t bytes)
{
    return pool_alloc_or(bytes, pool_alloc_slow);
}

void pool_free(void *object)
{
    pool_free_or(object, pool_free_slow);
}

size_t pool_usable(const void *object)
{
    unsigned char *window = pool_window();
    const uint64_t granule = pool_granule(window, object);
    const unsigned state = granule < POOL_GRANULES ? pool_states(window)[granule] : 0;

    return state < POOL_FIRST ? 0 : (size_t)2 << state;
}
