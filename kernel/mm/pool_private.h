/*
 * The pools' data as C sees them: a CPU's caches, the depot that all CPUs share, and what the parts of the
 * pools call of each other.
 *
 *     live + cached on all CPUs + in the depot = carved <= 1024      for every class
 */
#ifndef SYNOS_MM_POOL_PRIVATE_H
#define SYNOS_MM_POOL_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <synos/misuse.h>
#include <synos/pool.h>
#include <synos/spinlock.h>
#include "pool_layout.h"

enum {
    POOL_DEPOT = 2 * POOL_CAPACITY, /* entries that a depot has room for */
    POOL_SLABS = 1024,              /* at most, in the classes whose objects are a page or larger */
};
_Static_assert(POOL_SMALLEST == 1 << POOL_GRANULE_SHIFT, "class 0 is one granule");
_Static_assert(POOL_LARGEST == POOL_SMALLEST << (POOL_CLASSES - 1),
               "eight classes, each twice the one before");
_Static_assert((uint64_t)POOL_LARGEST *POOL_CAPACITY == 1ull << POOL_CLASS_SHIFT,
               "the largest class fills its window");

/* One CPU's, at PERCPU_POOL in its slot. Others may read the counts: whole words, perhaps a moment old. */
struct pool_cpu {
    uint64_t freed[64], taken[64]; /* the top of a class's stack is their difference */
    uint64_t lowest[16];
    struct pool_exchange {
        uint64_t received, given; /* objects from and to the depot */
        uint64_t refills, flushes, fallbacks;
        int64_t peak; /* most objects live by this CPU's account, up to the last exchange */
    } exchange[POOL_CLASSES];
    uint32_t empty[2]; /* the stack of sizes that no class has */
    uint64_t limit;    /* entries a stack holds */
    uint32_t stack[POOL_CLASSES][POOL_STACK_BYTES / sizeof(uint32_t)] __attribute__((aligned(2048)));
};
_Static_assert(offsetof(struct pool_cpu, freed) == POOL_FREED - PERCPU_POOL, "as in pool_layout.h");
_Static_assert(offsetof(struct pool_cpu, taken) == POOL_TAKEN - PERCPU_POOL, "as in pool_layout.h");
_Static_assert(offsetof(struct pool_cpu, lowest) == POOL_LOWEST - PERCPU_POOL, "as in pool_layout.h");
_Static_assert(offsetof(struct pool_cpu, stack) == POOL_STACKS - PERCPU_POOL, "as in pool_layout.h");
_Static_assert(sizeof(struct pool_cpu) <= PERCPU_HEAP - PERCPU_POOL, "the heap's area follows");

struct pool_depot {
    struct spinlock lock;
    uint32_t count;       /* objects in `stack` */
    uint32_t carved;      /* objects that exist */
    uint32_t peak;        /* most live objects up to the last exchange; cached on other CPUs counts as live */
    uint64_t ever_carved; /* objects made, those whose memory went back included */
    uint64_t present[POOL_SLABS / 64]; /* slabs that have memory, one bit each */
    uint32_t stack[POOL_DEPOT];        /* low halves of pointers */
};

extern struct pool_depot pool_depots[POOL_CLASSES];

static inline struct pool_cpu *pool_cpu_of(unsigned index)
{
    return (struct pool_cpu *)((char *)percpu_slot(index) + PERCPU_POOL);
}

static inline struct pool_cpu *this_pool_cpu(void)
{
    return (struct pool_cpu *)((char *)this_cpu() + PERCPU_POOL);
}

static inline size_t pool_bytes(unsigned class)
{
    return (size_t)POOL_SMALLEST << class;
}

/* Memory comes and goes by slabs: a page, or one object where that is larger. */
static inline size_t pool_slab_bytes(unsigned class)
{
    return pool_bytes(class) > PAGE_SIZE ? pool_bytes(class) : PAGE_SIZE;
}

static inline unsigned pool_slab_count(unsigned class)
{
    return (unsigned)(POOL_CAPACITY * pool_bytes(class) / pool_slab_bytes(class));
}

static inline unsigned pool_slab_objects(unsigned class)
{
    return (unsigned)(pool_slab_bytes(class) / pool_bytes(class));
}

static inline char *pool_class_base(unsigned class)
{
    return (char *)POOL_BASE + ((size_t) class << POOL_CLASS_SHIFT);
}

static inline bool pool_has_slab(const struct pool_depot *depot, unsigned slab)
{
    return depot->present[slab / 64] >> (slab % 64) & 1;
}

static inline unsigned char *pool_states(void)
{
    return (unsigned char *)POOL_STATES;
}

/* A stack entry is the low half of a pointer; the high half follows from its sign. */
static inline char *pool_object(uint32_t entry)
{
    return (char *)(intptr_t)(int32_t)entry;
}

/* Granule number of a pointer; at least POOL_GRANULES when it is outside of the window or not at a granule's
 * start. */
static inline uint64_t pool_granule(const void *object)
{
    const uint64_t offset = (uintptr_t)object - POOL_BASE;

    return offset >> POOL_GRANULE_SHIFT | offset << (64 - POOL_GRANULE_SHIFT);
}

/* State of a live object of this size; bytes in 1 .. 8192. */
static inline unsigned pool_state_for(size_t bytes)
{
    return 63u - (unsigned)__builtin_clzll((bytes - 1) | (POOL_SMALLEST - 1));
}

/* Entries in a CPU's stack of a class, now, and at the lowest since the last exchange; none on a CPU that has
 * not started its pools. */
static inline uint32_t *pool_stack_base(struct pool_cpu *cpu, unsigned class)
{
    uint32_t *first = &cpu->stack[0][0];

    return first + (class + 1) * (POOL_STACK_BYTES / sizeof(uint32_t)) - cpu->limit;
}

static inline uint32_t *pool_top(const struct pool_cpu *cpu, unsigned class)
{
    return (uint32_t *)(cpu->freed[POOL_FIRST + class] - cpu->taken[POOL_FIRST + class]);
}

static inline void pool_set_top(struct pool_cpu *cpu, unsigned class, const uint32_t *top)
{
    cpu->freed[POOL_FIRST + class] = (uint64_t)top + cpu->taken[POOL_FIRST + class];
}

static inline uint64_t pool_allocations(const struct pool_cpu *cpu, unsigned class)
{
    return cpu->taken[POOL_FIRST + class] / sizeof(uint32_t);
}

static inline uint64_t pool_cached(struct pool_cpu *cpu, unsigned class)
{
    return cpu->limit == 0 ? 0 : (uint64_t)(pool_top(cpu, class) - pool_stack_base(cpu, class));
}

static inline uint64_t pool_lowest_cached(struct pool_cpu *cpu, unsigned class)
{
    return cpu->limit == 0
               ? 0
               : (uint64_t)((uint32_t *)cpu->lowest[POOL_FIRST + class] - pool_stack_base(cpu, class) - 1);
}

/* What a CPU allocated beyond what it freed; negative on one that frees what others allocate. */
static inline int64_t pool_net(struct pool_cpu *cpu, unsigned class, uint64_t cached)
{
    return (int64_t)(cpu->exchange[class].received - cpu->exchange[class].given - cached);
}

/* Makes the objects of one slab out of new memory, into the depot, whose lock is held. False when the class
 * is full or memory is used up. */
bool pool_carve(unsigned class);

/* Gives this CPU's cached objects of a class to the depot. */
void pool_drain_class(unsigned class);

/* Tells what is wrong with a pointer into the window, with the size of the objects there and who allocated
 * this one. No lock is held. */
void pool_report(enum misuse kind, const void *pointer) __attribute__((cold));

/* Has other CPUs that have objects of the class in their caches give them to the depot, soon. No lock is
 * held. */
void pool_ask_others(unsigned class);

/* Has all CPUs give everything, and waits for it. Not from a handler. */
void pool_drain_all_cpus(void);

/* What pool_fast.S leaves over; it jumps to these. */
void *pool_alloc_slow(size_t bytes);
void *pool_alloc_large(size_t bytes);
void *kmalloc_slow(size_t bytes);
void pool_free_full(void *object, unsigned state);
void pool_free_refuse(void *object);
void pool_free_foreign(void *object);
void kfree_elsewhere(void *object);
void kfree_slow(void *object);

#endif
