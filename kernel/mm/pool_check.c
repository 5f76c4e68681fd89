/* Pools seen from outside: statistics, a walk over all invariants, and the poison of the debug profile. */
#include <synos/misuse.h>
#include <synos/string.h>
#include "pool_depot.h"

enum { POISON_FREE = 0xdb, POISON_NEW = 0xa5 };

static uint32_t live_objects(unsigned class)
{
    return pool_depots[class].carved - pool_depots[class].count - (uint32_t)pool_caches[class].count;
}

void pool_stats(unsigned class, struct pool_stats *stats)
{
    const struct pool_cache *cache = &pool_caches[class];
    const struct pool_depot *depot = &pool_depots[class];
    const uint64_t allocations = cache->allocations;
    const uint32_t recent_peak = depot->carved - depot->count - (uint32_t)cache->lowest;

    *stats = (struct pool_stats){
        .bytes = pool_bytes(class),
        .live = live_objects(class),
        .peak = recent_peak > depot->peak ? recent_peak : depot->peak,
        .carved = depot->carved,
        .committed = depot->committed,
        .allocations = allocations,
        .hits = allocations - depot->refills,
        .refills = depot->refills,
        .flushes = depot->flushes,
        .fallbacks = depot->fallbacks,
    };
    if (allocations > depot->carved)
        stats->reuse_permille = (unsigned)((allocations - depot->carved) * 1000 / allocations);
}

void pool_poison(void *object, size_t bytes)
{
    memset(object, POISON_FREE, bytes);
}

void pool_check_poison(void *object, size_t bytes)
{
    const unsigned char *at = object;

    for (size_t i = 0; i < bytes; i++)
        if (at[i] != POISON_FREE) {
            misuse_report(MISUSE_WRITE_AFTER_FREE, object);
            break;
        }
    memset(object, POISON_NEW, bytes);
}

/* Marks each free object of a list in `seen`; false when one is not a free object of the class or was there
 * before. */
static bool mark_free(unsigned class, const uint32_t *list, uint64_t count, uint64_t *seen)
{
    const unsigned char *states = pool_states(pool_window());

    for (uint64_t i = 0; i < count; i++) {
        const uint64_t index = (list[i] - pool_class_granule(class, 0)) >> class;

        if (index >= pool_depots[class].carved || pool_class_granule(class, index) != list[i] ||
            states[list[i]] != POOL_FREE || seen[index / 64] >> (index % 64) & 1)
            return false;
        seen[index / 64] |= 1ull << (index % 64);
    }
    return true;
}

/* The granules of an object behind its first one must say that nothing starts there. */
static bool is_interior_clear(const unsigned char *state, size_t granules)
{
    for (size_t i = 1; i < granules; i++)
        if (state[i] != 0) return false;
    return true;
}

static const char *check_states(unsigned class, const uint64_t *seen)
{
    const unsigned char *states = pool_states(pool_window());

    for (uint64_t index = 0; index < pool_depots[class].carved; index++) {
        const uint64_t granule = pool_class_granule(class, index);
        const bool is_free = seen[index / 64] >> (index % 64) & 1;

        if (states[granule] != (is_free ? POOL_FREE : POOL_FIRST + class))
            return "an object is neither live nor in exactly one list of free ones";
        if (!is_interior_clear(states + granule, (size_t)1 << class))
            return "an object seems to start inside of another one";
    }
    return NULL;
}

static const char *check_class(unsigned class)
{
    const struct pool_cache *cache = &pool_caches[class];
    const struct pool_depot *depot = &pool_depots[class];
    uint64_t seen[POOL_CAPACITY / 64] = {0};

    if (depot->carved > POOL_CAPACITY || cache->count > POOL_CACHE || depot->count > POOL_CAPACITY)
        return "a count is above its limit";
    if (cache->count + depot->count > depot->carved) return "more objects are free than were carved";
    if (cache->lowest > cache->count) return "the lowest count of the cache is above its count";
    if (depot->carved * pool_bytes(class) > depot->committed)
        return "an object was carved where no memory is";
    if (!mark_free(class, cache->stack, cache->count, seen))
        return "the cache holds what is not one of its free objects";
    if (!mark_free(class, depot->stack, depot->count, seen))
        return "the depot holds what is not one of its free objects";
    return check_states(class, seen);
}

const char *pool_check(void)
{
    for (unsigned class = 0; class < POOL_CLASSES; class ++) {
        const char *broken = check_class(class);

        if (broken) return broken;
    }
    return NULL;
}
