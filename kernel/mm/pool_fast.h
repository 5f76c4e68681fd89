/*
 * The pools' data and their two fast paths, for pool.c and alloc.c only.
 *
 * The window is cut into granules of 64 B, and each granule has a state byte in a table behind the window:
 *
 *     0             no object starts here: interior of an object, or never carved
 *     POOL_FREE     a free object starts here
 *     5 .. 12       a live object starts here; the number is its class, as the index of the highest bit of
 * (size - 1)
 *
 * So one load tells a good free from every bad one, and gives the class besides. Rotating the offset right by
 * six moves a misaligned pointer's low bits to the top: one comparison refuses what is outside of the window
 * and what is off a granule.
 *
 * The cache is a stack of granule numbers and not a list through the objects: a write after free cannot
 * damage it, and neither alloc nor free touches the object. It is what becomes one per CPU; the depot is what
 * those will share under a lock.
 */
#ifndef SYNOS_MM_POOL_FAST_H
#define SYNOS_MM_POOL_FAST_H

#include <synos/pool.h>
#include <synos/profile.h>

enum {
    POOL_GRANULE_SHIFT = 6,
    POOL_GRANULES = POOL_SIZE >> POOL_GRANULE_SHIFT,
    POOL_FIRST = 5, /* state of a live object of class 0 */
    POOL_FREE = 1,
    POOL_CACHE = 56, /* granule numbers a cache holds: what makes struct pool_cache 256 bytes */
    POOL_BATCH = 28, /* how many go between cache and depot at once: half, so that neither a run of allocs nor
                        of frees is soon over */
};
_Static_assert(POOL_SMALLEST == 1 << POOL_GRANULE_SHIFT, "class 0 is one granule");
_Static_assert(POOL_LARGEST == POOL_SMALLEST << (POOL_CLASSES - 1),
               "eight classes, each twice the one before");
_Static_assert((uint64_t)POOL_LARGEST *POOL_CAPACITY == 1ull << POOL_CLASS_SHIFT,
               "the largest class fills its window");
_Static_assert(POOL_FIRST > POOL_FREE, "live states lie above all others");

struct pool_cache {
    uint64_t count;       /* granules in `stack` */
    uint64_t lowest;      /* smallest count since the last exchange with the depot: gives the exact peak */
    uint64_t allocations; /* taken from `stack` */
    uint32_t stack[POOL_CACHE];
} __attribute__((aligned(256)));
_Static_assert(sizeof(struct pool_cache) == 256, "a cache is found from its class by one shift");

extern struct pool_cache pool_caches[POOL_CLASSES];

/*
 * The window's address, and below a cache's, as values that the compiler cannot see through: it then forms
 * the others from them by displacements, instead of each one anew. That saves 16 instructions of a pair.
 */
static inline unsigned char *pool_window(void)
{
    uintptr_t base = POOL_BASE;

    __asm__("" : "+r"(base));
    return (unsigned char *)base;
}

static inline unsigned char *pool_states(unsigned char *window)
{
    return window + POOL_SIZE;
}

static inline struct pool_cache *pool_cache_for(uint64_t state)
{
    uintptr_t cache =
        (uintptr_t)pool_caches - POOL_FIRST * sizeof(struct pool_cache) + state * sizeof(struct pool_cache);

    __asm__("" : "+r"(cache));
    return (struct pool_cache *)cache;
}

/* Granule number of a pointer; at least POOL_GRANULES when it is outside of the window or not at a granule's
 * start. */
static inline uint64_t pool_granule(const unsigned char *window, const void *object)
{
    const uint64_t offset = (uintptr_t)object - (uintptr_t)window;

    return offset >> POOL_GRANULE_SHIFT | offset << (64 - POOL_GRANULE_SHIFT);
}

/* Index of the highest bit of (bytes - 1), at least 5; bytes in 1 .. 8192. */
static inline uint64_t pool_state_for(size_t bytes)
{
    uint64_t top = (bytes - 1) | (POOL_SMALLEST - 1);

    __asm__("bsr %0, %0" : "+r"(top) : : "cc");
    return top;
}

/* Debug profile: fill and check objects. No-ops in release, where `if (SYNOS_DEBUG)` drops the calls. */
void pool_poison(void *object, size_t bytes);
void pool_check_poison(void *object, size_t bytes);

/* Takes from the cache; everything else (wrong size, empty cache) is the business of `slow`. */
static inline __attribute__((always_inline)) void *pool_alloc_or(size_t bytes, void *(*slow)(size_t bytes))
{
    if (__builtin_expect(bytes - 1 >= POOL_LARGEST, 0)) return slow(bytes);
    const uint64_t state = pool_state_for(bytes);
    struct pool_cache *cache = pool_cache_for(state);
    const uint64_t left = cache->count - 1;

    if (__builtin_expect((int64_t)left < 0, 0)) return slow(bytes);
    cache->count = left;
    if (left < cache->lowest) cache->lowest = left;
    cache->allocations++;

    const uint64_t granule = cache->stack[left];
    unsigned char *window = pool_window();
    void *object = window + (granule << POOL_GRANULE_SHIFT);
    pool_states(window)[granule] = (unsigned char)state;
    if (SYNOS_DEBUG) pool_check_poison(object, (size_t)2 << state);
    return object;
}

/* Puts into the cache; everything else (not ours, a bad free, full cache) is the business of `slow`. */
static inline __attribute__((always_inline)) void pool_free_or(void *object, void (*slow)(void *object))
{
    unsigned char *window = pool_window();
    const uint64_t granule = pool_granule(window, object);

    if (__builtin_expect(granule >= POOL_GRANULES, 0)) return slow(object);
    const uint64_t state = pool_states(window)[granule];
    if (__builtin_expect(state < POOL_FIRST, 0)) return slow(object);
    struct pool_cache *cache = pool_cache_for(state);
    const uint64_t count = cache->count;
    if (__builtin_expect(count == POOL_CACHE, 0)) return slow(object);

    if (SYNOS_DEBUG) pool_poison(object, (size_t)2 << state);
    pool_states(window)[granule] = POOL_FREE;
    cache->stack[count] = (uint32_t)granule;
    cache->count = count + 1;
}

#endif
