/*
 * A libFuzzer target: bytes become steps of kmalloc beside its model, and every invariant is walked after
 * each.
 *
 *     make -C kernel/test/hosted CC=clang fuzz SECONDS=60
 */
#include <stdio.h>
#include <stdlib.h>
#include <synos/alloc.h>
#include <synos/heap.h>
#include <synos/pool.h>
#include "model.h"
#include "shim.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

unsigned model_seconds;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    shim_init();
    pool_init();
    heap_init();
    return 0;
}

/* Two bytes say a size: small ones finely, large ones up to 512 KiB. */
static size_t size_from(unsigned char coarse, unsigned char fine)
{
    return 1 + (((size_t)fine + 1) << coarse % 12) - (coarse >> 4);
}

static bool step(const unsigned char *bytes)
{
    switch (model_live() == 0 ? 0 : bytes[0] % 8) {
    case 0:
    case 1:
    case 2: return model_live() == MODEL_BLOCKS || model_allocate(size_from(bytes[1], bytes[2]), bytes[0]);
    case 3:
    case 4: return model_release(bytes[1], false);
    case 5: return model_release(bytes[1] | bytes[2] << 8, true);
    case 6: return model_refuses(bytes[1], bytes[2] << bytes[0] % 7);
    default: return bytes[1] % 16 != 0 || (kmem_trim(), true);
    }
}

static void must(bool held, const char *what)
{
    if (held) return;
    fprintf(stderr, "%s\n", what);
    abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    for (; size >= 3; data += 3, size -= 3) {
        must(step(data), "the model disagrees");
        must(*model_check() == 's', model_check());
    }
    must(model_intact(), "a block has lost its content");
    while (model_live() > 0) must(model_release(0, true), "the model disagrees at the end");
    return 0;
}
