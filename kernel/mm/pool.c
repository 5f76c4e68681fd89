/* Pools: what the fast paths leave over. A CPU's cache is filled from the depot and flushed to it, a batch at
 * a time. */
#include "pool_private.h"

struct pool_depot pool_depots[POOL_CLASSES];

/* How many go between cache and depot at once: half of what a cache holds, so that neither a run of allocs
 * nor of frees is soon over. */
static uint64_t batch_of(const struct pool_cpu *cpu)
{
    return (cpu->limit + 1) / 2;
}

/* For few entries, where a call of memcpy would cost as much as the copy; right also where `to` lies below
 * `from` in the same stack. */
static void copy_entries(uint32_t *to, const uint32_t *from, uint64_t count)
{
    typedef uint64_t __attribute__((may_alias, aligned(4))) pair;

    for (; count >= 4; to += 4, from += 4, count -= 4) {
        const uint64_t first = *(const pair *)from, second = *(const pair *)(from + 2);

        *(pair *)to = first;
        *(pair *)(to + 2) = second;
    }
    for (; count > 0; count--) {
        *to++ = *from++;
        __asm__ volatile(""); /* keeps the loop from becoming a call of memcpy */
    }
}

static void reset_lowest(struct pool_cpu *cpu, unsigned class)
{
    cpu->lowest[POOL_FIRST + class] = (uint64_t)(pool_top(cpu, class) + 1);
}

/* The live count is highest where the cache is lowest, since nothing else changes it between two exchanges.
 * Below zero while an object that was freed twice is in the lists twice. */
static void note_peaks(struct pool_cpu *cpu, unsigned class)
{
    struct pool_depot *depot = &pool_depots[class];
    const uint64_t lowest = pool_lowest_cached(cpu, class);
    const int64_t live = (int64_t)depot->carved - depot->count - (int64_t)lowest;
    const int64_t net = pool_net(cpu, class, lowest);

    if (live > depot->peak) depot->peak = (uint32_t)live;
    if (net > cpu->exchange[class].peak) cpu->exchange[class].peak = net;
}

/* Fills an empty cache from the depot, which is locked: with what lies there, else with new objects. */
static void refill(struct pool_cpu *cpu, unsigned class)
{
    struct pool_depot *depot = &pool_depots[class];
    uint32_t *top = pool_top(cpu, class);
    uint64_t count = batch_of(cpu);

    note_peaks(cpu, class);
    if (depot->count == 0 && !pool_carve(class)) return;
    if (count > depot->count) count = depot->count;
    depot->count -= (uint32_t)count;
    copy_entries(top, depot->stack + depot->count, count);
    pool_set_top(cpu, class, top + count);
    cpu->exchange[class].received += count;
    cpu->exchange[class].refills++;
    reset_lowest(cpu, class);
}

/* Gives the oldest of a cache to the depot, which is locked; the newest, still warm in the CPU's cache, stay.
 * The depot has room for all objects that exist, and for as many copies from frees of one object on two CPUs
 * at once: what is dropped here could be the only entry of another object. */
static void give(struct pool_cpu *cpu, unsigned class, uint64_t count)
{
    struct pool_depot *depot = &pool_depots[class];
    uint32_t *base = pool_stack_base(cpu, class);
    const uint64_t left = pool_cached(cpu, class) - count;
    const uint64_t free = POOL_DEPOT - depot->count, room = free < count ? free : count;

    note_peaks(cpu, class);
    copy_entries(depot->stack + depot->count, base, room);
    depot->count += (uint32_t)room;
    copy_entries(base, base + count, left);
    pool_set_top(cpu, class, base + left);
    cpu->exchange[class].given += count;
    reset_lowest(cpu, class);
}

void pool_start_cpu(unsigned cpus)
{
    const uint64_t share = POOL_CAPACITY / cpus, flags = irq_save();
    struct pool_cpu *cpu = this_pool_cpu();

    if (cpu->limit != 0) pool_drain();
    cpu->limit = share < POOL_CACHE ? share : POOL_CACHE;
    cpu->empty[0] = (uint32_t)POOL_NOTHING;
    for (unsigned state = 0; state < sizeof(cpu->freed) / sizeof(*cpu->freed); state++)
        if (state < POOL_FIRST || state > POOL_LAST) cpu->freed[state] = (uint64_t)&cpu->empty[1];
    for (unsigned class = 0; class < POOL_CLASSES; class ++) {
        pool_stack_base(cpu, class)[-1] = (uint32_t)POOL_NOTHING;
        pool_set_top(cpu, class, pool_stack_base(cpu, class));
        reset_lowest(cpu, class);
    }
    irq_restore(flags);
}

void pool_drain_class(unsigned class)
{
    const uint64_t flags = spin_lock(&pool_depots[class].lock);
    struct pool_cpu *cpu = this_pool_cpu();

    give(cpu, class, pool_cached(cpu, class));
    spin_unlock(&pool_depots[class].lock, flags);
}

void pool_drain(void)
{
    for (unsigned class = 0; class < POOL_CLASSES; class ++) pool_drain_class(class);
}

/* Takes the newest from a cache that is not empty. */
static char *take(struct pool_cpu *cpu, unsigned class)
{
    const unsigned state = POOL_FIRST + class;
    const uint32_t *top = pool_top(cpu, class);

    if ((uint64_t)top < cpu->lowest[state]) cpu->lowest[state] = (uint64_t)top;
    cpu->taken[state] += sizeof(*top);
    return pool_object(top[-1]);
}

/* Marks what was taken as live. False when it was not marked as free: it was freed twice, on two CPUs within
 * a few instructions, and is the copy of one that is live. */
static bool make_live(const char *object, unsigned state)
{
    unsigned char *granule = &pool_states()[pool_granule(object)];

    if (*granule != POOL_FREE) return false;
    *granule = (unsigned char)state;
    return true;
}

/* Fills the cache if it is empty, and takes from it; NULL when the class is full or memory is used up. */
void *pool_alloc_slow(size_t bytes)
{
    const unsigned state = pool_state_for(bytes), class = state - POOL_FIRST;
    struct pool_depot *depot = &pool_depots[class];
    const uint64_t flags = spin_lock(&depot->lock);
    struct pool_cpu *cpu = this_pool_cpu();
    char *object = NULL;

    if (pool_cached(cpu, class) == 0) refill(cpu, class);
    if (pool_cached(cpu, class) != 0)
        object = take(cpu, class);
    else
        cpu->exchange[class].fallbacks++;
    const bool is_copy = object && !make_live(object, state);
    spin_unlock(&depot->lock, flags);
    if (!object) pool_ask_others(class); /* too late for this one, but not for the next */
    if (!is_copy) return object;
    pool_report(MISUSE_DOUBLE_FREE, object);
    return pool_alloc_slow(bytes);
}

void *pool_alloc_large(size_t bytes)
{
    (void)bytes;
    return NULL;
}

/* The object is marked as free, and the cache had no room for it. */
void pool_free_full(void *object, unsigned state)
{
    const unsigned class = state - POOL_FIRST;
    const uint64_t flags = spin_lock(&pool_depots[class].lock);
    struct pool_cpu *cpu = this_pool_cpu();

    if (pool_cached(cpu, class) == cpu->limit) {
        give(cpu, class, batch_of(cpu));
        cpu->exchange[class].flushes++;
    }
    uint32_t *top = pool_top(cpu, class);
    *top = (uint32_t)(uintptr_t)object;
    pool_set_top(cpu, class, top + 1);
    spin_unlock(&pool_depots[class].lock, flags);
}

size_t pool_usable(const void *object)
{
    const uint64_t granule = pool_granule(object);
    const unsigned state = granule < POOL_GRANULES ? pool_states()[granule] : 0;

    return state < POOL_FIRST ? 0 : (size_t)2 << state;
}
