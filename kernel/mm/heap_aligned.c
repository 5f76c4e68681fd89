/* Blocks of the heap at a multiple of a power of two above a unit. */
#include "heap_live.h"

/* A run of `units` that this CPU kept and that lies right, out of its slots. */
static bool take_from_slots(uint64_t units, uint32_t alignment, uint64_t *start)
{
    uint64_t *slots = heap_quick_of(this_cpu())->slots;

    for (unsigned slot = 0; slot < HEAP_KEPT; slot++) {
        uint64_t word = __atomic_load_n(&slots[slot], __ATOMIC_RELAXED);

        if (word >> 32 != units || (uint32_t)word % alignment != 0) continue;
        *start = (uint32_t)word;
        return __atomic_compare_exchange_n(&slots[slot], &word, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    }
    return false;
}

static bool take_kept(uint64_t units, uint32_t alignment, uint64_t *start)
{
    if (!heap_is_quick()) return take_from_slots(units, alignment, start);
    struct heap_fast *fast = heap_quick_of(this_cpu())->fast, *const end = fast + HEAP_KEPT;
    const uint64_t flags = irq_save();

    while (fast != end && (fast->units != units || heap_unit_of_run(fast->run) % alignment != 0)) fast++;
    if (fast != end) {
        *start = heap_unit_of_run(fast->run);
        fast->units = 0;
    }
    irq_restore(flags);
    return fast != end;
}

/* Makes a piece of a kept run free. */
static void give_back(uint32_t start, uint32_t end)
{
    if (start == end) return;
    heap_set_run(start, end - start, 0);
    heap_join(start, end - start);
}

/* The first aligned `units` of a kept run; the rest of it becomes free. */
static uint32_t trim(uint32_t start, uint32_t end, uint32_t units, uint32_t alignment)
{
    const uint32_t aligned = (start + alignment - 1) & -alignment;

    heap_set_run(aligned, units, 0);
    give_back(start, aligned);
    give_back(aligned + units, end);
    return aligned;
}

static void *alloc_slow(size_t bytes, uint32_t alignment, const void *owner)
{
    const uint32_t units = heap_units_for(bytes), length = units + alignment - 1;
    const uint64_t flags = heap_lock();
    const uint32_t start = heap_obtain(length, flags);
    void *block = NULL;

    if (start != 0)
        block = heap_hand_out_new(trim(start, start + length, units, alignment), units, bytes, owner);
    heap_unlock(flags);
    return block;
}

void *heap_alloc_aligned(size_t bytes, size_t alignment)
{
    const void *owner = SYNOS_DEBUG ? __builtin_return_address(0) : NULL;
    const uint32_t units = heap_units_for(bytes), step = (uint32_t)(alignment >> HEAP_UNIT_SHIFT);
    uint64_t start = 0;

    if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > HEAP_ALIGNMENT_MAX) return NULL;
    if (alignment <= HEAP_UNIT) {
        void *block = heap_alloc(bytes);

        if (SYNOS_DEBUG && block) heap_set_owner(block, owner);
        return block;
    }
    if (bytes - 1 >= HEAP_SIZE / 2 - alignment) return NULL;
    if (!take_kept(units, step, &start)) return alloc_slow(bytes, step, owner);
    return heap_hand_out_kept(start, units, bytes, owner);
}
