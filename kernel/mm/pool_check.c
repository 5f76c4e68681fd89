/* Pools seen from outside: statistics, and a walk over all invariants. */
#include "pool_private.h"

static void finish(struct pool_stats *stats, uint64_t ever_carved)
{
    stats->hits = stats->allocations - stats->refills;
    if (stats->allocations > ever_carved)
        stats->reuse_permille = (unsigned)((stats->allocations - ever_carved) * 1000 / stats->allocations);
}

/* Of any CPU while it works: its two words are read as they stood at one moment. */
static uint64_t cached_now(struct pool_cpu *cpu, unsigned class)
{
    const uint64_t *taken = &cpu->taken[POOL_FIRST + class], *freed = &cpu->freed[POOL_FIRST + class];
    uint64_t before, top;

    if (cpu->limit == 0) return 0;
    do {
        before = __atomic_load_n(taken, __ATOMIC_ACQUIRE);
        top = __atomic_load_n(freed, __ATOMIC_ACQUIRE) - before;
    } while (__atomic_load_n(taken, __ATOMIC_ACQUIRE) != before);
    return (uint64_t)((uint32_t *)top - pool_stack_base(cpu, class));
}

static void add_cpu(struct pool_stats *stats, unsigned class, struct pool_cpu *cpu)
{
    const struct pool_exchange *exchange = &cpu->exchange[class];

    stats->cached += cached_now(cpu, class);
    stats->allocations += pool_allocations(cpu, class);
    stats->refills += exchange->refills;
    stats->flushes += exchange->flushes;
    stats->fallbacks += exchange->fallbacks;
}

static int64_t larger(int64_t peak, int64_t recent)
{
    return recent > peak ? recent : peak;
}

void pool_cpu_stats(unsigned class, unsigned index, struct pool_stats *stats)
{
    struct pool_cpu *cpu = pool_cpu_of(index);
    const struct pool_exchange *exchange = &cpu->exchange[class];
    const uint64_t flags = spin_lock(&pool_depots[class].lock); /* no exchange meanwhile */

    *stats = (struct pool_stats){.bytes = pool_bytes(class)};
    add_cpu(stats, class, cpu);
    stats->live = pool_net(cpu, class, stats->cached);
    stats->peak = larger(exchange->peak, pool_net(cpu, class, pool_lowest_cached(cpu, class)));
    finish(stats, exchange->received);
    spin_unlock(&pool_depots[class].lock, flags);
}

static size_t committed(unsigned class)
{
    size_t slabs = 0;

    for (unsigned slab = 0; slab < pool_slab_count(class); slab++)
        slabs += pool_has_slab(&pool_depots[class], slab);
    return slabs * pool_slab_bytes(class);
}

void pool_stats(unsigned class, struct pool_stats *stats)
{
    struct pool_depot *depot = &pool_depots[class];
    const uint64_t flags = spin_lock(&depot->lock); /* no exchange meanwhile */
    const int64_t outside = (int64_t)depot->carved - depot->count;
    int64_t lowest = 0; /* cached at the least, on all CPUs */

    *stats = (struct pool_stats){
        .bytes = pool_bytes(class), .carved = depot->carved, .committed = committed(class)};
    for (unsigned index = 0; index < cpu_count(); index++) {
        struct pool_cpu *cpu = pool_cpu_of(index);

        add_cpu(stats, class, cpu);
        lowest += (int64_t)pool_lowest_cached(cpu, class);
    }
    stats->peak = larger(depot->peak, outside - lowest);
    stats->live = outside - (int64_t)stats->cached;
    finish(stats, depot->ever_carved);
    spin_unlock(&depot->lock, flags);
}

/* Marks each free object of a list in `seen`; false when one is not a free object of the class or was there
 * before. */
static bool mark_free(unsigned class, const uint32_t *list, uint64_t count, uint64_t *seen)
{
    for (uint64_t i = 0; i < count; i++) {
        const char *object = pool_object(list[i]);
        const size_t offset = (size_t)(object - pool_class_base(class)), index = offset / pool_bytes(class);

        if (index >= POOL_CAPACITY || offset % pool_bytes(class) != 0) return false;
        if (!pool_has_slab(&pool_depots[class], (unsigned)(offset / pool_slab_bytes(class)))) return false;
        if (pool_states()[pool_granule(object)] != POOL_FREE || seen[index / 64] >> (index % 64) & 1)
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

static const char *check_object(unsigned class, size_t index, bool is_free)
{
    const char *object = pool_class_base(class) + index * pool_bytes(class);
    const unsigned char *state = &pool_states()[pool_granule(object)];
    const unsigned slab = (unsigned)(index * pool_bytes(class) / pool_slab_bytes(class));

    if (!pool_has_slab(&pool_depots[class], slab))
        return *state == 0 || *state == POOL_GONE ? NULL : "an object stands where no memory is";
    if (!is_interior_clear(state, (size_t)1 << class))
        return "an object seems to start inside of another one";
    return *state == (is_free ? POOL_FREE : POOL_FIRST + class)
               ? NULL
               : "an object is neither live nor in exactly one list of free ones";
}

static const char *check_class(unsigned class)
{
    const struct pool_depot *depot = &pool_depots[class];
    uint64_t seen[POOL_CAPACITY / 64] = {0};

    if (depot->count > POOL_CAPACITY || depot->carved > POOL_CAPACITY) return "a count is above its limit";
    if (depot->carved * pool_bytes(class) != committed(class))
        return "there is memory without objects, or objects without memory";
    if (!mark_free(class, depot->stack, depot->count, seen))
        return "the depot holds what is not one of its free objects";
    for (unsigned index = 0; index < cpu_count(); index++) {
        struct pool_cpu *cpu = pool_cpu_of(index);
        const uint64_t cached = pool_cached(cpu, class);

        if (cpu->limit == 0) continue;
        if (cached > cpu->limit) return "a cache holds more than its limit";
        if (pool_stack_base(cpu, class)[-1] != (uint32_t)POOL_NOTHING)
            return "the mark below a cache's entries is gone";
        if (pool_lowest_cached(cpu, class) > cached) return "the lowest count of a cache is above its count";
        if (!mark_free(class, pool_stack_base(cpu, class), cached, seen))
            return "a cache holds what is not one of its free objects";
    }
    for (size_t index = 0; index < POOL_CAPACITY; index++) {
        const char *broken = check_object(class, index, seen[index / 64] >> (index % 64) & 1);

        if (broken) return broken;
    }
    return NULL;
}

const char *pool_check(void)
{
    for (unsigned class = 0; class < POOL_CLASSES; class ++) {
        const char *broken = check_class(class);

        if (broken) return broken;
    }
    return NULL;
}
