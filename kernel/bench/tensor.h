/* The allocations of a small neural network at work: what the pools are for. */
#ifndef SYNOS_BENCH_TENSOR_H
#define SYNOS_BENCH_TENSOR_H

#include <stddef.h>
#include <stdint.h>

enum {
    TENSOR_LAYERS = 24,
    TENSOR_BUFFERS = 2 * TENSOR_LAYERS, /* allocations of one inference, each freed in it */
    TENSOR_STEPS = 2 * TENSOR_BUFFERS,
};

/* One step of an inference: allocate `bytes` into the slot, or free what is in it (bytes 0). */
struct tensor_step {
    uint32_t bytes;
    uint16_t slot;
};

/*
 * Writes the steps of one inference, 2 * TENSOR_BUFFERS of them, whose largest buffer has `largest` bytes.
 * Each layer takes an output and a scratch buffer; the scratch goes when the layer is done, the input when
 * its last reader is: the next layer or, for every third layer, the one three further on (a residual
 * connection). Sizes shrink to an eighth towards the middle and grow again (an hourglass).
 */
void tensor_plan(struct tensor_step *steps, uint32_t largest);

#endif
