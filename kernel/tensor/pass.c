/* Passes on an arena: a scope of it for all that a pass takes. */
#include "pass.h"

void pass_turn(float *to, const float *from, size_t rows, size_t count, size_t stride)
{
    for (size_t column = 0; column < count; column++)
        for (size_t row = 0; row < rows; row++)
            __builtin_memcpy(to++, from + row * stride + column, sizeof(*to));
}

static void *take(void *arena, unsigned slot, size_t bytes)
{
    (void)slot;
    return arena_alloc(arena, bytes, TENSOR_ALIGN_64);
}

static void give(void *arena, void *tensor)
{
    (void)arena;
    (void)tensor;
}

static const struct pass_memory of_arena = {take, give};

int mlp_run(const struct mlp *mlp, const struct tensor_ops *ops, struct arena *arena, const float *input,
            float *output)
{
    const struct arena_mark mark = arena_mark(arena);
    const int error = mlp_pass(mlp, ops, &of_arena, arena, input, output);

    arena_release(arena, mark);
    return error;
}

int attention_run(const struct attention *attention, const struct tensor_ops *ops, struct arena *arena,
                  const float *input, float *output)
{
    const struct arena_mark mark = arena_mark(arena);
    const int error = attention_pass(attention, ops, &of_arena, arena, input, output);

    arena_release(arena, mark);
    return error;
}
