/*
 * Two blocks of a transformer, as they are run for inference: the perceptron and the self-attention, each
 * with the layer norm before it and the sum with its input after it (Vaswani et al.: "Attention is all you
 * need", 2017; the norm first, as in GPT-2). Weights come from a seed: this is real arithmetic on real
 * allocations, not a trained network.
 */
#ifndef SYNOS_INFERENCE_H
#define SYNOS_INFERENCE_H

#include <synos/arena.h>
#include <synos/rng.h>
#include <synos/tensor.h>
#include <synos/tensor_ops.h>

/* output = input + gelu(norm(input) up + up_bias) down + down_bias */
struct mlp {
    size_t rows, width, hidden;
    struct tensor gain, shift;     /* of the norm: width */
    struct tensor up, up_bias;     /* width x hidden */
    struct tensor down, down_bias; /* hidden x width */
    size_t narrow, wide;           /* bytes of rows x width and of rows x hidden */
};

/* output = input + concat(softmax(q k^T / sqrt(width / heads)) v of each head) mix + mix_bias, with
 * q = norm(input) query + query_bias and so on. The root is taken into `query` and `query_bias`. */
struct attention {
    size_t rows, width, heads;
    struct tensor gain, shift;                                                        /* of the norm: width */
    struct tensor query, query_bias, key, key_bias, value, value_bias, mix, mix_bias; /* width x width */
    size_t whole, scores, part; /* bytes of rows x width, rows x rows, and rows x (width / heads) */
};

/* Makes the weights. ERR_INVALID: a size is 0 or too large, or width is no multiple of heads; ERR_NO_MEMORY.
 * After an error there is nothing to destroy. */
int mlp_create(struct mlp *mlp, size_t rows, size_t width, size_t hidden, uint64_t seed);
int attention_create(struct attention *attention, size_t rows, size_t width, size_t heads, uint64_t seed);
void mlp_destroy(struct mlp *mlp);
void attention_destroy(struct attention *attention);

/* Runs a block from `input` to `output`, both rows x width and apart; what it needs in between comes from the
 * arena, and is given back. ERR_NO_MEMORY. */
int mlp_run(const struct mlp *mlp, const struct tensor_ops *ops, struct arena *arena, const float *input,
            float *output);
int attention_run(const struct attention *attention, const struct tensor_ops *ops, struct arena *arena,
                  const float *input, float *output);

/* Numbers from -2^exponent up to 2^exponent, 16 random bits each: exact in float32 and double alike. */
void tensor_fill(float *to, size_t count, struct rng *rng, int exponent);

#endif
