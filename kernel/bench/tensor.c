/* The allocations of a small neural network at work, and how long each allocator takes for them. */
#include "front.h"
#include "tensor.h"

enum { SPAN = 3 }; /* layers that a residual connection reaches over */

/* An hourglass in eighths of the largest buffer, not all of them powers of two. */
static uint32_t output_bytes(unsigned layer, uint32_t largest)
{
    static const unsigned char eighths[] = {8, 6, 4, 3, 2, 1, 1, 2, 3, 4, 6, 8};

    return largest * eighths[layer * sizeof(eighths) / TENSOR_LAYERS] / 8;
}

/* The layer after which nobody reads the output of `layer` any more. */
static unsigned last_reader(unsigned layer)
{
    const unsigned reader = layer + (layer % SPAN == 0 ? SPAN : 1);

    return reader < TENSOR_LAYERS ? reader : TENSOR_LAYERS - 1;
}

void tensor_plan(struct tensor_step *steps, uint32_t largest)
{
    for (unsigned layer = 0; layer < TENSOR_LAYERS; layer++) {
        const uint32_t bytes = output_bytes(layer, largest);

        *steps++ = (struct tensor_step){bytes, (uint16_t)(2 * layer)};
        *steps++ = (struct tensor_step){bytes / 2 + 32, (uint16_t)(2 * layer + 1)};
        *steps++ = (struct tensor_step){0, (uint16_t)(2 * layer + 1)};
        for (unsigned input = layer < SPAN ? 0 : layer - SPAN; input <= layer; input++)
            if (last_reader(input) == layer) *steps++ = (struct tensor_step){0, (uint16_t)(2 * input)};
    }
}

static struct tensor_step plan[TENSOR_STEPS];
static void *buffers[TENSOR_BUFFERS];

static void infer(const struct allocator *allocator)
{
    for (const struct tensor_step *step = plan; step < plan + TENSOR_STEPS; step++) {
        if (step->bytes != 0)
            buffers[step->slot] = allocator->alloc(step->bytes);
        else
            allocator->free(buffers[step->slot]);
    }
}

static void walk_plan(void)
{
    for (const struct tensor_step *step = plan; step < plan + TENSOR_STEPS; step++) {
        if (step->bytes != 0)
            buffers[step->slot] = (void *)step;
        else
            bench_keep(buffers[step->slot]);
    }
}

static void bench_tensor(struct bench *bench)
{
    static const uint32_t sizes[] = {512, 2048, 8192, 65536, 0};

    for (const uint32_t *bytes = sizes; *bytes != 0; bytes++) {
        tensor_plan(plan, *bytes);
        for (size_t i = 0; i < FRONT_COUNT; i++) {
            if (*bytes > fronts[i].largest || !front_start(bench, &fronts[i])) continue;
            bench_label(bench, "bytes", "%u", *bytes);
            bench->operations = TENSOR_BUFFERS;
            bench->iterations = 10 / fronts[i].slowness ?: 1;
            bench->samples = fronts[i].slowness > 1 ? 3 : BENCH_SAMPLES;
            BENCH_BASELINE(bench)
            walk_plan();
            BENCH_LOOP(bench)
            infer(fronts[i].allocator);
            front_stop(&fronts[i]);
        }
    }
}
BENCH(alloc, tensor, bench_tensor);
