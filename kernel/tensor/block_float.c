/* The weights of the blocks, from a seed. scripts/tensor-reference.ts makes the same. */
#include <synos/errors.h>
#include <synos/inference.h>

void tensor_fill(float *to, size_t count, struct rng *rng, int exponent)
{
    const float reach = exponent < 0 ? 1.0f / (float)(1u << -exponent) : (float)(1u << exponent);

    for (size_t i = 0; i < count; i++)
        to[i] = (float)((int32_t)(rng_next(rng) >> 48) - 32768) * (reach / 32768.0f);
}

/* Stops at the first error of a chain. */
static int filled(int error, struct tensor *tensor, unsigned rank, const size_t *dims, struct rng *rng,
                  int exponent)
{
    if (!error) error = tensor_create(tensor, TENSOR_F32, rank, dims, TENSOR_ALIGN_64);
    if (!error) tensor_fill(tensor->data, tensor->bytes / sizeof(float), rng, exponent);
    return error;
}

/* A matrix and the bias behind it; the sums of `dims[0]` products stay of the size of their inputs. */
static int layer(int error, struct tensor *weights, struct tensor *bias, const size_t *dims, struct rng *rng)
{
    int exponent = 0;

    while (exponent > -15 && 2ul << (-2 * exponent) < dims[0])
        exponent--; /* 2^exponent <= sqrt(2 / inputs) */
    error = filled(error, weights, 2, dims, rng, exponent);
    return filled(error, bias, 1, &dims[1], rng, -3);
}

static int norm(struct tensor *gain, struct tensor *shift, size_t width, struct rng *rng)
{
    int error = filled(0, gain, 1, &width, rng, -3);

    if (!error)
        for (size_t i = 0; i < width; i++) ((float *)gain->data)[i] += 1.0f;
    return filled(error, shift, 1, &width, rng, -3);
}

/* Bytes of a tensor with two dimensions; an error when they cannot be counted. */
static int bytes_of(int error, size_t rows, size_t columns, size_t *bytes)
{
    const size_t dims[] = {rows, columns};
    struct tensor shape;

    if (!error) error = tensor_shape(&shape, TENSOR_F32, 2, dims);
    if (!error) *bytes = shape.bytes;
    return error;
}

int mlp_create(struct mlp *mlp, size_t rows, size_t width, size_t hidden, uint64_t seed)
{
    const size_t up[] = {width, hidden}, down[] = {hidden, width};
    struct rng rng;

    *mlp = (struct mlp){.rows = rows, .width = width, .hidden = hidden};
    rng_seed(&rng, seed);
    int error = bytes_of(0, rows, width, &mlp->narrow);
    error = bytes_of(error, rows, hidden, &mlp->wide);
    if (!error) error = norm(&mlp->gain, &mlp->shift, width, &rng);
    error = layer(error, &mlp->up, &mlp->up_bias, up, &rng);
    error = layer(error, &mlp->down, &mlp->down_bias, down, &rng);
    if (error) mlp_destroy(mlp);
    return error;
}

void mlp_destroy(struct mlp *mlp)
{
    struct tensor *const all[] = {&mlp->gain,    &mlp->shift, &mlp->up,
                                  &mlp->up_bias, &mlp->down,  &mlp->down_bias};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) tensor_destroy(all[i]);
}

static void scale(struct tensor *tensor, float factor)
{
    float *data = tensor->data;

    for (size_t i = 0; i < tensor->bytes / sizeof(float); i++) data[i] *= factor;
}

int attention_create(struct attention *attention, size_t rows, size_t width, size_t heads, uint64_t seed)
{
    const size_t square[] = {width, width};
    struct rng rng;

    *attention = (struct attention){.rows = rows, .width = width, .heads = heads};
    if (heads == 0 || width % heads != 0) return ERR_INVALID;
    rng_seed(&rng, seed);
    int error = bytes_of(0, rows, width, &attention->whole);
    error = bytes_of(error, rows, rows, &attention->scores);
    error = bytes_of(error, rows, width / heads, &attention->part);
    if (!error) error = norm(&attention->gain, &attention->shift, width, &rng);
    error = layer(error, &attention->query, &attention->query_bias, square, &rng);
    error = layer(error, &attention->key, &attention->key_bias, square, &rng);
    error = layer(error, &attention->value, &attention->value_bias, square, &rng);
    error = layer(error, &attention->mix, &attention->mix_bias, square, &rng);
    if (error) {
        attention_destroy(attention);
        return error;
    }
    const size_t inner = width / heads;
    const float shrink = 1.0f / __builtin_sqrtf((float)inner);
    scale(&attention->query, shrink);
    scale(&attention->query_bias, shrink);
    return 0;
}

void attention_destroy(struct attention *attention)
{
    struct tensor *const all[] = {
        &attention->gain, &attention->shift,    &attention->query, &attention->query_bias,
        &attention->key,  &attention->key_bias, &attention->value, &attention->value_bias,
        &attention->mix,  &attention->mix_bias,
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) tensor_destroy(all[i]);
}
