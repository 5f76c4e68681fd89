/*
 * The heap's front: what one allocation and one free do. There are two versions of each quick path: for one
 * CPU, where an instruction is all that must not be cut in two, and for several (`shared`), with lock
 * prefixes. Which one is right costs nothing to find out: the limits that the first compares with anyway are
 * 0 when the second is.
 */
#include <synos/misuse.h>
#include "heap_live.h"

#define unlikely(condition) __builtin_expect(!!(condition), 0)

struct heap heap;

void *heap_note_peak(void *block)
{
    const int64_t headroom = __atomic_exchange_n(&heap.headroom, 0, __ATOMIC_RELAXED);

    if (headroom < 0)
        heap.peak += (size_t)-headroom;
    else
        __atomic_fetch_add(&heap.headroom, headroom,
                           __ATOMIC_RELAXED); /* a handler came first and noted it */
    return block;
}

void heap_count_live(uint64_t units)
{
    const int64_t headroom = __atomic_sub_fetch(&heap.headroom, (int64_t)units, __ATOMIC_RELAXED);
    int64_t lowest = __atomic_load_n(&heap.lowest, __ATOMIC_RELAXED);

    while (headroom < lowest && !__atomic_compare_exchange_n(&heap.lowest, &lowest, headroom, true,
                                                             __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
}

void heap_check_poison(uint64_t start, uint64_t units)
{
    const unsigned char *bytes = heap_address(start);

    for (size_t i = 0; i < units << HEAP_UNIT_SHIFT; i++) {
        if (bytes[i] == HEAP_POISON) continue;
        misuse_report_object(MISUSE_WRITE_AFTER_FREE, bytes, units << HEAP_UNIT_SHIFT,
                             heap_owner_at((uint32_t)start));
        return;
    }
}

/* Out of the arena. */
static __attribute__((noinline)) void *alloc_slow(size_t bytes, const void *owner)
{
    const uint32_t units = heap_units_for(bytes);
    const uint64_t flags = heap_lock();
    const uint32_t start = heap_obtain(units, flags);
    void *block = start != 0 ? heap_hand_out_new(start, units, bytes, owner) : NULL;

    heap_unlock(flags);
    return block;
}

/* What no quick path of a single CPU takes. */
static __attribute__((noinline)) void *alloc_shared(size_t bytes, const void *owner)
{
    const uint32_t units = heap_units_for(bytes);
    uint64_t start;

    if (bytes - 1 >= HEAP_SIZE / 2) return NULL;
    if (heap_quick_take(units, &start, true)) return heap_hand_out_kept(start, units, bytes, owner, true);
    return alloc_slow(bytes, owner);
}

void *heap_alloc(size_t bytes)
{
    const void *owner = SYNOS_DEBUG ? __builtin_return_address(0) : NULL;
    const uint64_t units = ((bytes - 1) >> HEAP_UNIT_SHIFT) + 1;
    uint64_t start;

    if (unlikely(bytes - 1 >= heap.quick_bytes)) return alloc_shared(bytes, owner);
    if (!heap_quick_take(units, &start, false)) return alloc_slow(bytes, owner);
    return heap_hand_out_kept(start, units, bytes, owner, false);
}

void heap_keep_instead(uint64_t word)
{
    const uint64_t flags = heap_lock();

    word = __atomic_exchange_n(&heap_quick_of(this_cpu())->slots[0], word, __ATOMIC_ACQ_REL);
    if (word != 0) heap_join((uint32_t)word, (uint32_t)(word >> 32));
    heap_unlock(flags);
}

static __attribute__((noinline)) void free_shared(void *block)
{
    const uint64_t unit = heap_unit_of(block);

    if (heap.shared && unit < __atomic_load_n(&heap.reached, __ATOMIC_RELAXED))
        heap_free_at(unit, block, true);
    else
        heap_refuse(block);
}

void heap_free(void *block)
{
    const uint64_t unit = heap_unit_of(block);

    if (unlikely(unit >= heap.quick_units))
        free_shared(block);
    else
        heap_free_at(unit, block, false);
}

void heap_share(void)
{
    heap.quick_bytes = heap.quick_units = 0;
    heap.shared = true;
}
