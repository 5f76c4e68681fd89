/* The scripts that are made by a rule: churn, and what a small language model allocates. */
#include "script.h"

enum { CHURN_LIVE = 1024, CHURN_STEPS = 16384 };

/* 64 B .. 8 KiB: a doubling at random, a size in it at random, so that small ones are not rare. */
static uint64_t churn_bytes(uint64_t *state)
{
    const unsigned doubling = script_random(state) % 7;

    return (64ull << doubling) + script_random(state) % ((64u << doubling) + 1);
}

/*
 * 1024 blocks live; each step frees one of them at random and allocates another in its place. The slot of a
 * free is the one that the next allocation takes, so the body can be run again and again on what the last run
 * left.
 */
void script_churn(struct script *script)
{
    uint64_t state = 0x5eed;
    uint32_t live[CHURN_LIVE];

    script_start(script, CHURN_LIVE + 2 * CHURN_STEPS);
    for (unsigned i = 0; i < CHURN_LIVE; i++) live[i] = script_alloc(script, churn_bytes(&state));
    script_end_prelude(script);
    for (unsigned i = 0; i < CHURN_STEPS; i++) {
        uint32_t *one = &live[script_random(&state) % CHURN_LIVE];

        script_free(script, *one);
        *one = script_alloc(script, churn_bytes(&state));
    }
}

/*
 * A decoder-only transformer that writes TOKENS tokens, batch of one, in 32-bit floats, every tensor
 * allocated when it is computed and freed after its last use, as an eager framework does. Per token:
 *
 *     text of the token 64 B; embedding D
 *     each of LAYERS layers:
 *         norm statistics 64 B, normed D
 *         q D, k and v KV_HEADS * HEAD each; k and v are copied to the KV cache and freed
 *         each of HEADS heads: scores and softmax, one float a token so far
 *         attention output D, projected D; the residual sum replaces the embedding
 *         norm statistics 64 B, normed D, gate and up FFN each, their product FFN, down D; the residual sum
 * again last norm D, logits VOCABULARY (128 KB, the one that no pool has), the TOP best of them
 *
 * The KV cache grows by a block of BLOCK tokens for K and one for V in each layer (8 KiB each) as the text
 * grows; all of it, and the texts, are freed at the end of the sequence.
 */
enum {
    TOKENS = 96,
    LAYERS = 6,
    HEADS = 8,
    HEAD = 64,
    KV_HEADS = 2,
    D = HEADS * HEAD * 4, /* bytes of a hidden state */
    FFN = 1408 * 4,
    VOCABULARY = 32000 * 4,
    TOP = 40 * 8,
    BLOCK = 16,
    BLOCK_BYTES = BLOCK * KV_HEADS * HEAD * 4,
    STEPS = TOKENS * (LAYERS * (16 + 4 * HEADS + 20) + 16),
};

static uint32_t attention(struct script *s, uint32_t hidden, unsigned tokens)
{
    const uint32_t statistics = script_alloc(s, 64), normed = script_alloc(s, D);
    script_free(s, statistics);
    const uint32_t q = script_alloc(s, D), k = script_alloc(s, KV_HEADS * HEAD * 4),
                   v = script_alloc(s, KV_HEADS * HEAD * 4);
    script_free(s, normed);
    script_free(s, k);
    script_free(s, v);
    const uint32_t output = script_alloc(s, D);
    for (unsigned head = 0; head < HEADS; head++) {
        const uint32_t scores = script_alloc(s, tokens * 4ull), weights = script_alloc(s, tokens * 4ull);

        script_free(s, scores);
        script_free(s, weights);
    }
    script_free(s, q);
    const uint32_t projected = script_alloc(s, D);
    script_free(s, output);
    const uint32_t sum = script_alloc(s, D);
    script_free(s, projected);
    script_free(s, hidden);
    return sum;
}

static uint32_t feed_forward(struct script *s, uint32_t hidden)
{
    const uint32_t statistics = script_alloc(s, 64), normed = script_alloc(s, D);
    script_free(s, statistics);
    const uint32_t gate = script_alloc(s, FFN), up = script_alloc(s, FFN);
    script_free(s, normed);
    const uint32_t product = script_alloc(s, FFN);
    script_free(s, gate);
    script_free(s, up);
    const uint32_t down = script_alloc(s, D);
    script_free(s, product);
    const uint32_t sum = script_alloc(s, D);
    script_free(s, down);
    script_free(s, hidden);
    return sum;
}

static void sample(struct script *s, uint32_t hidden)
{
    const uint32_t normed = script_alloc(s, D), logits = script_alloc(s, VOCABULARY);
    script_free(s, hidden);
    script_free(s, normed);
    const uint32_t top = script_alloc(s, TOP);
    script_free(s, logits);
    script_free(s, top);
}

void script_language_model(struct script *script)
{
    script_start(script, STEPS);
    for (unsigned token = 0; token < TOKENS; token++) {
        script_alloc(script, 64);
        uint32_t hidden = script_alloc(script, D);

        for (unsigned layer = 0; layer < LAYERS; layer++) {
            if (token % BLOCK == 0) {
                script_alloc(script, BLOCK_BYTES);
                script_alloc(script, BLOCK_BYTES);
            }
            hidden = attention(script, hidden, token + 1);
            hidden = feed_forward(script, hidden);
        }
        sample(script, hidden);
    }
    script_finish(script);
}
