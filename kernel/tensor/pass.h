/*
 * One pass through a block, written once for all ways to get memory. `memory` is known where a pass is
 * instantiated, so that the compiler makes direct calls of it, or nothing at all: a pass on buffers that were
 * there before is free of every trace of allocation, and the difference is what allocation costs.
 */
#ifndef SYNOS_TENSOR_PASS_H
#define SYNOS_TENSOR_PASS_H

#include <synos/errors.h>
#include <synos/inference.h>

/* Every intermediate tensor has a slot, and is taken and given back once in a pass or once a head. */
enum { MLP_NORMAL, MLP_HIDDEN, MLP_ACTIVE, MLP_MIXED, MLP_SLOTS };
enum {
    ATTENTION_NORMAL,
    ATTENTION_QUERY,
    ATTENTION_KEY,
    ATTENTION_VALUE,
    ATTENTION_CONTEXT,
    ATTENTION_TURNED,
    ATTENTION_SCORES,
    ATTENTION_SHARES,
    ATTENTION_MIXED,
    ATTENTION_SLOTS,
};

struct pass_memory {
    void *(*take)(void *owner, unsigned slot, size_t bytes);
    void (*give)(void *owner, void *tensor);
};

#define PASS static inline __attribute__((always_inline))

struct pass {
    const struct tensor_ops *ops;
    const struct pass_memory *memory;
    void *owner;
    float *slots[ATTENTION_SLOTS]; /* NULL when not taken */
};

PASS float *pass_take(struct pass *pass, unsigned slot, size_t bytes)
{
    return pass->slots[slot] = pass->memory->take(pass->owner, slot, bytes);
}

PASS void pass_give(struct pass *pass, unsigned slot)
{
    pass->memory->give(pass->owner, pass->slots[slot]);
    pass->slots[slot] = NULL;
}

/* After a pass that found no memory. */
PASS int pass_fail(struct pass *pass)
{
    for (unsigned slot = 0; slot < ATTENTION_SLOTS; slot++)
        if (pass->slots[slot]) pass_give(pass, slot);
    return ERR_NO_MEMORY;
}

PASS void pass_project(const struct pass *pass, float *to, const float *from, size_t rows,
                       const struct tensor *weights, const struct tensor *bias)
{
    const size_t inner = weights->dims[0], columns = weights->dims[1];

    pass->ops->matmul(
        &(struct matmul){from, weights->data, bias->data, to, rows, inner, columns, inner, columns, columns});
}

PASS void pass_norm(const struct pass *pass, float *to, const float *from, size_t rows,
                    const struct tensor *gain, const struct tensor *shift)
{
    pass->ops->layer_norm(&(struct layer_norm){from, gain->data, shift->data, to, rows, gain->dims[0]});
}

PASS int mlp_pass(const struct mlp *mlp, const struct tensor_ops *ops, const struct pass_memory *memory,
                  void *owner, const float *input, float *output)
{
    struct pass pass = {ops, memory, owner, {NULL}};
    const size_t rows = mlp->rows;
    float *normal, *hidden, *active, *mixed;

    if (!(normal = pass_take(&pass, MLP_NORMAL, mlp->narrow))) return pass_fail(&pass);
    pass_norm(&pass, normal, input, rows, &mlp->gain, &mlp->shift);

    if (!(hidden = pass_take(&pass, MLP_HIDDEN, mlp->wide))) return pass_fail(&pass);
    pass_project(&pass, hidden, normal, rows, &mlp->up, &mlp->up_bias);
    pass_give(&pass, MLP_NORMAL);

    if (!(active = pass_take(&pass, MLP_ACTIVE, mlp->wide))) return pass_fail(&pass);
    ops->gelu(active, hidden, rows * mlp->hidden);
    pass_give(&pass, MLP_HIDDEN);

    if (!(mixed = pass_take(&pass, MLP_MIXED, mlp->narrow))) return pass_fail(&pass);
    pass_project(&pass, mixed, active, rows, &mlp->down, &mlp->down_bias);
    pass_give(&pass, MLP_ACTIVE);

    ops->add(output, input, mixed, rows * mlp->width);
    pass_give(&pass, MLP_MIXED);
    return 0;
}

/* Columns of `from`, `count` of them, become rows of `to`. Not inline: the same loop for all ways to get
 * memory. */
void pass_turn(float *to, const float *from, size_t rows, size_t count, size_t stride);

/* One head: its columns of q, k and v give its columns of the context. */
PASS int attention_head(struct pass *pass, const struct attention *attention, size_t head)
{
    const size_t rows = attention->rows, width = attention->width, inner = width / attention->heads;
    const float *q = pass->slots[ATTENTION_QUERY] + head * inner,
                *k = pass->slots[ATTENTION_KEY] + head * inner,
                *v = pass->slots[ATTENTION_VALUE] + head * inner;
    float *turned, *scores, *shares, *context = pass->slots[ATTENTION_CONTEXT] + head * inner;

    if (!(turned = pass_take(pass, ATTENTION_TURNED, attention->part))) return ERR_NO_MEMORY;
    pass_turn(turned, k, rows, inner, width);

    if (!(scores = pass_take(pass, ATTENTION_SCORES, attention->scores))) return ERR_NO_MEMORY;
    pass->ops->matmul(&(struct matmul){q, turned, NULL, scores, rows, inner, rows, width, rows, rows});
    pass_give(pass, ATTENTION_TURNED);

    if (!(shares = pass_take(pass, ATTENTION_SHARES, attention->scores))) return ERR_NO_MEMORY;
    pass->ops->softmax(shares, scores, rows, rows);
    pass_give(pass, ATTENTION_SCORES);

    pass->ops->matmul(&(struct matmul){shares, v, NULL, context, rows, rows, inner, rows, width, width});
    pass_give(pass, ATTENTION_SHARES);
    return 0;
}

PASS int attention_pass(const struct attention *attention, const struct tensor_ops *ops,
                        const struct pass_memory *memory, void *owner, const float *input, float *output)
{
    struct pass pass = {ops, memory, owner, {NULL}};
    const size_t rows = attention->rows, bytes = attention->whole;
    float *normal, *query, *key, *value, *mixed;

    if (!(normal = pass_take(&pass, ATTENTION_NORMAL, bytes))) return pass_fail(&pass);
    pass_norm(&pass, normal, input, rows, &attention->gain, &attention->shift);

    if (!(query = pass_take(&pass, ATTENTION_QUERY, bytes))) return pass_fail(&pass);
    pass_project(&pass, query, normal, rows, &attention->query, &attention->query_bias);
    if (!(key = pass_take(&pass, ATTENTION_KEY, bytes))) return pass_fail(&pass);
    pass_project(&pass, key, normal, rows, &attention->key, &attention->key_bias);
    if (!(value = pass_take(&pass, ATTENTION_VALUE, bytes))) return pass_fail(&pass);
    pass_project(&pass, value, normal, rows, &attention->value, &attention->value_bias);
    pass_give(&pass, ATTENTION_NORMAL);

    if (!pass_take(&pass, ATTENTION_CONTEXT, bytes)) return pass_fail(&pass);
    for (size_t head = 0; head < attention->heads; head++)
        if (attention_head(&pass, attention, head) != 0) return pass_fail(&pass);
    pass_give(&pass, ATTENTION_QUERY);
    pass_give(&pass, ATTENTION_KEY);
    pass_give(&pass, ATTENTION_VALUE);

    if (!(mixed = pass_take(&pass, ATTENTION_MIXED, bytes))) return pass_fail(&pass);
    pass_project(&pass, mixed, pass.slots[ATTENTION_CONTEXT], rows, &attention->mix, &attention->mix_bias);
    pass_give(&pass, ATTENTION_CONTEXT);

    ops->add(output, input, mixed, rows * attention->width);
    pass_give(&pass, ATTENTION_MIXED);
    return 0;
}

#endif
