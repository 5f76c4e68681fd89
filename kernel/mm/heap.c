/*
 * The heap's front for any number of CPUs, and in the debug profile, which poisons and knows owners; and what
 * the fast paths (heap_fast.S) leave over.
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
static __attribute__((noinline)) void *alloc_new(size_t bytes, const void *owner)
{
    const uint32_t units = heap_units_for(bytes);
    const uint64_t flags = heap_lock();
    const uint32_t start = heap_obtain(units, flags);
    void *block = start != 0 ? heap_hand_out_new(start, units, bytes, owner) : NULL;

    heap_unlock(flags);
    return block;
}

/* For any number of CPUs. */
static __attribute__((noinline)) void *alloc_shared(size_t bytes, const void *owner)
{
    const uint32_t units = heap_units_for(bytes);
    uint64_t start;

    if (heap_quick_take(units, &start)) return heap_hand_out_kept(start, units, bytes, owner);
    return alloc_new(bytes, owner);
}

void *heap_alloc_slow(size_t bytes)
{
    return bytes - 1 >= HEAP_SIZE / 2 ? NULL : alloc_shared(bytes, NULL);
}

void heap_keep_instead(void *block, struct heap_run *run, uint64_t units)
{
    const uint64_t flags = heap_lock();
    struct heap_fast *fast = &heap_quick_of(this_cpu())->fast[0];
    const struct heap_fast before = *fast;

    *fast = (struct heap_fast){units, block, run};
    if (before.units != 0) heap_join_run(before.run, (uint32_t)before.units);
    heap_unlock(flags);
}

/* The same in a slot. */
static void keep_in_slot_instead(uint64_t word)
{
    const uint64_t flags = heap_lock();

    word = __atomic_exchange_n(&heap_quick_of(this_cpu())->slots[0], word, __ATOMIC_ACQ_REL);
    if (word != 0) heap_join((uint32_t)word, (uint32_t)(word >> 32));
    heap_unlock(flags);
}

/* Frees the block under a unit, which `block` points to, if there is one: whoever clears the live bit. */
static void free_shared(uint64_t unit, void *block)
{
    if ((__atomic_fetch_and(&heap_table()[unit].state, ~HEAP_LIVE, __ATOMIC_ACQ_REL) & HEAP_LIVE) == 0) {
        heap_refuse(block);
        return;
    }
    const uint64_t units = heap_state(unit), word = units << 32 | unit;
    if (SYNOS_DEBUG) memset(block, HEAP_POISON, units << HEAP_UNIT_SHIFT);
    __atomic_fetch_add(&heap.headroom, (int64_t)units, __ATOMIC_RELAXED);
    if (!heap_quick_keep(word)) keep_in_slot_instead(word);
}

void heap_free_slow(void *block)
{
    const uint64_t unit = heap_unit_of(block);

    if (!heap_is_quick() && unit < __atomic_load_n(&heap.reached, __ATOMIC_RELAXED))
        free_shared(unit, block);
    else
        heap_refuse(block);
}

#if SYNOS_DEBUG
void *heap_alloc(size_t bytes)
{
    return bytes - 1 >= HEAP_SIZE / 2 ? NULL : alloc_shared(bytes, __builtin_return_address(0));
}

void heap_free(void *block)
{
    heap_free_slow(block);
}
#endif

void heap_share(void)
{
    if (heap.shared) return;
    const uint64_t flags = irq_save();

    heap.quick_units = 0;
    heap_drain();
    heap.shared = true;
    irq_restore(flags);
}
