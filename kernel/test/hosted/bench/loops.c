/*
 * The timed loops. Each is written once and compiled twice, with the calls and without: what the loop itself
 * costs is the second, and is subtracted (scripts: see empty_steps). The blocks are not touched: what an
 * allocator does with its own memory is timed, and nothing else.
 */
#include "workload.h"

/* Time stamps with nothing moved across them (Intel SDM 2B, RDTSC). */
static inline uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

#define TEMPLATE static inline __attribute__((always_inline))

/* Stands for a call: the compiler must have the argument ready, and gets a pointer back. */
TEMPLATE void *nothing(const void *argument)
{
    void *result = (void *)argument;

    __asm__ volatile("" : "+r"(result) : : "memory");
    return result;
}

TEMPLATE void *take(const struct contender *contender, struct op op)
{
    if (op.aligned) return contender ? contender->aligned(64, op.bytes) : nothing("aligned");
    return contender ? contender->plain(op.bytes) : nothing((void *)(uintptr_t)op.bytes);
}

TEMPLATE void give(const struct contender *contender, void *block)
{
    if (contender)
        contender->release(block);
    else
        nothing(block);
}

TEMPLATE void pairs(const struct workload *workload, const struct contender *contender)
{
    const struct op block = workload->block;

    for (uint32_t i = 0; i < workload->repeat; i++) give(contender, take(contender, block));
}

TEMPLATE void batches(const struct workload *workload, const struct contender *contender, void **slots,
                      bool newest_first)
{
    const struct op block = workload->block;

    for (uint32_t run = 0; run < workload->repeat; run++) {
        for (uint32_t i = 0; i < BATCH_MOST; i++) slots[i] = take(contender, block);
        for (uint32_t i = 0; i < BATCH_MOST; i++)
            give(contender, slots[newest_first ? BATCH_MOST - 1 - i : i]);
    }
}

static inline void steps(const struct op *op, const struct op *end, const struct contender *contender,
                         void **slots)
{
    for (; op < end; op++) {
        if (op->bytes != 0)
            slots[op->slot] = take(contender, *op);
        else
            give(contender, slots[op->slot]);
    }
}

/*
 * Reads and writes a slot in each step, where the real loop does one of the two and branches between them:
 * without the calls in between, how well that branch is foretold depends on where the loop happens to lie in
 * memory (16 ticks a pair or 3), and what is subtracted must not.
 */
static void empty_steps(const struct op *op, const struct op *end, void **slots)
{
    for (; op < end; op++) {
        nothing(slots[op->slot]);
        slots[op->slot] = nothing((void *)(uintptr_t)op->bytes);
    }
}

TEMPLATE void body(const struct workload *workload, const struct contender *contender, void **slots)
{
    const struct script *script = &workload->script;

    for (uint32_t run = 0; run < workload->repeat; run++)
        if (contender)
            steps(script->ops + script->prelude, script->ops + script->count, contender, slots);
        else
            empty_steps(script->ops + script->prelude, script->ops + script->count, slots);
}

TEMPLATE uint64_t timed(const struct workload *workload, const struct contender *contender, void **slots)
{
    const uint64_t from = ticks();

    switch (workload->work) {
    case WORK_PAIR: pairs(workload, contender); break;
    case WORK_LIFO: batches(workload, contender, slots, true); break;
    case WORK_FIFO: batches(workload, contender, slots, false); break;
    default: body(workload, contender, slots); break;
    }
    return ticks() - from;
}

uint64_t workload_time(const struct workload *workload, const struct contender *contender, void **slots)
{
    const struct contender here = *contender; /* pointers in registers, where they fit */

    return timed(workload, &here, slots);
}

/* On slots of its own: the script's hold blocks between two runs. */
uint64_t workload_time_empty(const struct workload *workload, void **slots)
{
    return timed(workload, NULL, slots);
}

void workload_begin(const struct workload *workload, const struct contender *contender, void **slots)
{
    if (workload->work == WORK_SCRIPT)
        steps(workload->script.ops, workload->script.ops + workload->script.prelude, contender, slots);
}
