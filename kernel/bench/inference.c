/*
 * What allocation costs within real work: passes of a perceptron and of a self-attention, at every level of
 * vector registers that the CPU has, with every intermediate tensor
 *
 *     preallocated     there before, nothing allocated: what the work itself costs
 *     arena            taken from an arena, which is reset once a pass
 *     tensor           taken by tensor_alloc and given back by tensor_free after its last use
 *     firstfit-holes   the same by a first-fit heap with 4000 holes
 *
 * Figures of a pass: its latency; what of it is allocation, in ticks and in permille.
 */
#include <synos/clock.h>
#include <synos/panic.h>
#include <synos/report.h>
#include <synos/string.h>
#include "../tensor/pass.h"
#include "firstfit.h"
#include "front.h"

enum { MLP_ROWS = 16, ROWS = 32, WIDTH = 64, HIDDEN = 256, HEADS = 4 };
/* Of the longer input, and of the largest tensor between input and output. */
enum { BYTES = 4 * ROWS * WIDTH, SLOT_BYTES = 4 * MLP_ROWS * HIDDEN };

/* The work, whichever block it is, and where its tensors come from. */
static const struct tensor_ops *ops;
static struct mlp mlp;
static struct attention attention;
static void *input, *output, *expected;

static void *slots[ATTENTION_SLOTS];
static struct arena arena;

static void *take_slot(void *owner, unsigned slot, size_t bytes)
{
    (void)owner;
    (void)bytes;
    return slots[slot];
}

static void *take_from_arena(void *owner, unsigned slot, size_t bytes)
{
    (void)owner;
    (void)slot;
    return arena_alloc(&arena, bytes, TENSOR_ALIGN_64);
}

static void *take_tensor(void *owner, unsigned slot, size_t bytes)
{
    (void)owner;
    (void)slot;
    return tensor_alloc(bytes, TENSOR_ALIGN_64);
}

static void *take_from_firstfit(void *owner, unsigned slot, size_t bytes)
{
    (void)owner;
    (void)slot;
    return firstfit_alloc(bytes);
}

static void keep(void *owner, void *tensor)
{
    (void)owner;
    (void)tensor;
}

static void give_tensor(void *owner, void *tensor)
{
    (void)owner;
    tensor_free(tensor);
}

static void give_to_firstfit(void *owner, void *tensor)
{
    (void)owner;
    firstfit_free(tensor);
}

/* Each way is a copy of the passes of its own: what it does not need is not in it. */
#define WAY(name, take, give, behind)                                                                        \
    static int mlp_##name(void)                                                                              \
    {                                                                                                        \
        static const struct pass_memory memory = {take, give};                                               \
        const int error = mlp_pass(&mlp, ops, &memory, NULL, input, output);                                 \
        behind;                                                                                              \
        return error;                                                                                        \
    }                                                                                                        \
    static int attention_##name(void)                                                                        \
    {                                                                                                        \
        static const struct pass_memory memory = {take, give};                                               \
        const int error = attention_pass(&attention, ops, &memory, NULL, input, output);                     \
        behind;                                                                                              \
        return error;                                                                                        \
    }
WAY(preallocated, take_slot, keep, )
WAY(arena, take_from_arena, keep, arena_reset(&arena))
WAY(tensor, take_tensor, give_tensor, )
WAY(firstfit, take_from_firstfit, give_to_firstfit, )

typedef int pass(void);

/* An emulator takes a tenth of a second for a pass in long vectors: one sample is enough there, as it is
 * where a tick is an instruction and all samples are the same. */
static uint32_t samples_of(const struct bench *bench, pass *run)
{
    const uint64_t start = clock_ticks();

    run();
    const bool is_short = clock_ticks() - start < 50000000;
    return is_short && strcmp(bench->unit, "instructions") != 0 ? BENCH_SAMPLES : 1;
}

/* A pass that finds no memory, or comes to something else, measures nothing. */
static void measure(struct bench *bench, pass *run, const char *way)
{
    bench_label(bench, "allocator", "%s", way);
    memset(output, 0, BYTES);
    BENCH_LOOP(bench)
    run();
    if (memcmp(output, expected, BYTES) != 0)
        panic("inference with tensors by %s comes to something else, or found no memory", way);
}

/* Against `work`, the ticks of the same pass without allocation. */
static void measure_share(struct bench *bench, pass *run, const char *way, uint64_t work)
{
    measure(bench, run, way);
    const uint64_t ticks = bench->value, allocation = ticks > work ? ticks - work : 0;

    bench_figure(bench, "allocation", bench->unit, allocation);
    if (ticks > 0) bench_figure(bench, "share", "permille", (allocation * 1000 + ticks / 2) / ticks);
}

static const struct front *front_with_holes(void)
{
    for (size_t i = 0; i < FRONT_COUNT; i++)
        if (strcmp(fronts[i].name, "firstfit-holes") == 0) return &fronts[i];
    return NULL;
}

/* The first pass without allocation is what all others must come to. */
static void measure_ways(struct bench *bench, pass *preallocated, pass *by_arena, pass *by_tensor,
                         pass *by_firstfit)
{
    memset(output, 0, BYTES);
    bench->samples = samples_of(bench, preallocated);
    memcpy(expected, output, BYTES);
    bench_label(bench, "simd", "%s", ops->name);
    measure(bench, preallocated, "preallocated");
    const uint64_t work = bench->value;
    measure_share(bench, by_arena, "arena", work);
    measure_share(bench, by_tensor, "tensor", work);
    const struct front *front = front_with_holes();
    if (front && front_start(bench, front)) {
        measure_share(bench, by_firstfit, front->name, work);
        front_stop(front);
    }
}

/* Buffers for the input, the output, and every slot; each as large as the largest tensor. */
static bool prepare(void)
{
    struct rng rng;
    bool all = arena_create(&arena, 0) == 0;

    input = tensor_alloc(BYTES, TENSOR_ALIGN_64);
    output = tensor_alloc(BYTES, TENSOR_ALIGN_64);
    expected = tensor_alloc(BYTES, TENSOR_ALIGN_64);
    for (int i = 0; i < ATTENTION_SLOTS; i++) {
        slots[i] = tensor_alloc(SLOT_BYTES, TENSOR_ALIGN_64);
        all &= slots[i] != NULL;
    }
    all &= mlp_create(&mlp, MLP_ROWS, WIDTH, HIDDEN, 6) == 0;
    all &= attention_create(&attention, ROWS, WIDTH, HEADS, 8) == 0;
    if (!input || !output || !expected || !all) return false;
    rng_seed(&rng, 7);
    tensor_fill(input, BYTES / sizeof(float), &rng, 1);
    return true;
}

static void clean_up(void)
{
    void *const buffers[] = {input, output, expected};

    for (int i = 0; i < 3; i++) tensor_free(buffers[i]);
    for (int i = 0; i < ATTENTION_SLOTS; i++) tensor_free(slots[i]);
    mlp_destroy(&mlp);
    attention_destroy(&attention);
    arena_destroy(&arena);
}

static void each_level(struct bench *bench, pass *preallocated, pass *by_arena, pass *by_tensor,
                       pass *by_firstfit)
{
    if (!prepare()) {
        report_note("no memory for %s: left out", bench->name);
        return;
    }
    bench->iterations = 1;
    for (unsigned level = 0; level < TENSOR_LEVELS; level++) {
        ops = tensor_ops(level);
        if (ops) measure_ways(bench, preallocated, by_arena, by_tensor, by_firstfit);
    }
    clean_up();
}

static void bench_mlp(struct bench *bench)
{
    each_level(bench, mlp_preallocated, mlp_arena, mlp_tensor, mlp_firstfit);
}
BENCH(inference, mlp, bench_mlp);

static void bench_attention(struct bench *bench)
{
    each_level(bench, attention_preallocated, attention_arena, attention_tensor, attention_firstfit);
}
BENCH(inference, attention, bench_attention);
