/*
 * Which call a careful user would make. A plain malloc promises 16 bytes of alignment, and allocators differ
 * in what they give beyond that; to time all of them through aligned_alloc would charge some for a promise
 * that they keep anyway. So each size is tried: many blocks at once, and all of them must be aligned.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "workload.h"

enum { TRIED_BLOCKS = 64, TRIED_BYTES = 32 << 20, TURNS = 3 };

struct choice {
    uint32_t bytes;
    struct op call;
};

static void *call(const struct contender *contender, struct op op)
{
    return op.aligned ? contender->aligned(64, op.bytes) : contender->plain(op.bytes);
}

static bool all_aligned(const struct contender *contender, struct op op, unsigned alignment)
{
    void *blocks[TRIED_BLOCKS];
    unsigned count = TRIED_BYTES / op.bytes;
    bool aligned = true;

    count = count > TRIED_BLOCKS ? TRIED_BLOCKS : count < 3 ? 3 : count;
    for (unsigned i = 0; i < count; i++) {
        blocks[i] = call(contender, op);
        aligned &= blocks[i] && (uintptr_t)blocks[i] % alignment == 0;
    }
    for (unsigned i = 0; i < count; i++) contender->release(blocks[i]);
    return aligned;
}

static struct op choose(const struct contender *contender, uint32_t bytes, unsigned alignment)
{
    const struct op plain = {.bytes = bytes}, rounded = {.bytes = (bytes + 63) & ~63u};

    if (all_aligned(contender, plain, alignment)) return plain;
    if (rounded.bytes > bytes && all_aligned(contender, rounded, alignment)) return rounded;
    return (struct op){.aligned = 1, .bytes = bytes};
}

static int by_bytes(const void *a, const void *b)
{
    const uint32_t left = ((const struct choice *)a)->bytes, right = ((const struct choice *)b)->bytes;

    return left < right ? -1 : left > right;
}

static struct choice *sizes_of(const struct script *script, size_t *count)
{
    struct choice *sizes = script_memory(script->count * sizeof(*sizes));
    size_t found = 0, kept = 0;

    for (uint32_t i = 0; i < script->count; i++)
        if (script->ops[i].bytes != 0) sizes[found++].bytes = script->ops[i].bytes;
    qsort(sizes, found, sizeof(*sizes), by_bytes);
    for (size_t i = 0; i < found; i++)
        if (kept == 0 || sizes[kept - 1].bytes != sizes[i].bytes) sizes[kept++] = sizes[i];
    *count = kept;
    return sizes;
}

/* Both ends of each block are written, and read again when it is freed: a block that two have at once shows.
 */
static bool still_written(const void *block, uint32_t bytes, uint64_t mark)
{
    const size_t part = bytes < sizeof(mark) ? bytes : sizeof(mark);

    return memcmp(block, &mark, part) == 0 && memcmp((const char *)block + bytes - part, &mark, part) == 0;
}

static void write_ends(void *block, uint32_t bytes, uint64_t mark)
{
    const size_t part = bytes < sizeof(mark) ? bytes : sizeof(mark);

    memcpy(block, &mark, part);
    memcpy((char *)block + bytes - part, &mark, part);
}

struct held {
    void *block;
    uint32_t bytes;
    uint64_t mark;
};

/* Runs a script from `first`; an allocation that is not aligned after all is written down as one that needs
 * the alignment said. */
static const char *rehearse(struct script *script, uint32_t first, const struct contender *contender,
                            unsigned alignment, struct held *held, bool *changed)
{
    for (uint32_t i = first; i < script->count; i++) {
        struct op *op = &script->ops[i];
        struct held *one = &held[op->slot];

        if (op->bytes == 0) {
            /* A mark is as many equal bytes, so that a short block shows it, too. */
            if (!still_written(one->block, one->bytes, one->mark)) return "gave one block to two owners";
            contender->release(one->block);
            continue;
        }
        *one = (struct held){call(contender, *op), op->bytes, 0x0101010101010101ull * (i % 251)};
        if (!one->block) return "has no memory for it";
        write_ends(one->block, one->bytes, one->mark);
        if ((uintptr_t)one->block % alignment == 0) continue;
        if (op->aligned) return "does not align as it promises";
        op->aligned = 1;
        *changed = true;
    }
    return NULL;
}

static const char *choose_for_script(struct script *script, const struct contender *contender,
                                     unsigned alignment)
{
    struct held *held = script_memory(script->slots * sizeof(*held));
    bool changed = true;
    size_t count;

    struct choice *sizes = sizes_of(script, &count);
    for (size_t i = 0; i < count; i++) sizes[i].call = choose(contender, sizes[i].bytes, alignment);
    for (uint32_t i = 0; i < script->count; i++) {
        struct op *op = &script->ops[i];
        const struct choice key = {.bytes = op->bytes};

        if (op->bytes == 0) continue;
        const struct choice *chosen = bsearch(&key, sizes, count, sizeof(*sizes), by_bytes);
        op->bytes = chosen->call.bytes;
        op->aligned = chosen->call.aligned;
    }
    for (unsigned turn = 0; turn < TURNS; turn++) {
        changed = false;
        const char *wrong =
            rehearse(script, turn == 0 ? 0 : script->prelude, contender, alignment, held, &changed);
        if (wrong) return wrong;
    }
    return changed ? "aligns at times only" : NULL;
}

const char *workload_choose_calls(struct workload *workload, const struct contender *contender,
                                  unsigned alignment)
{
    if (workload->work == WORK_SCRIPT) return choose_for_script(&workload->script, contender, alignment);
    workload->block = choose(contender, workload->bytes, alignment);
    return all_aligned(contender, workload->block, alignment) ? NULL : "does not align as it promises";
}

static void count_call(struct calls *calls, struct op op, uint32_t times)
{
    if (op.aligned)
        calls->aligned += times;
    else
        calls->plain += times;
}

void workload_count_calls(const struct workload *workload, struct calls *calls)
{
    const struct script *script = &workload->script;

    *calls = (struct calls){0};
    if (workload->work != WORK_SCRIPT) count_call(calls, workload->block, workload->pairs);
    for (uint32_t i = script->prelude; i < script->count; i++)
        if (script->ops[i].bytes != 0) count_call(calls, script->ops[i], 1);
}
