/* Tests of tensor buffers: alignment, zeroes, and sizes that overflow. */
#include <stdbool.h>
#include <synos/errors.h>
#include <synos/ktest.h>
#include <synos/layout.h>
#include <synos/pool.h>
#include <synos/string.h>
#include <synos/tensor.h>
#include "misuse_trap.h"

static const size_t sizes[] = {1, 63, 64, 65, 1000, 4096, 4097, 8192, 8193, 12345, 65536, 100000, 300000};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static bool all_bytes_are(const unsigned char *bytes, size_t count, unsigned char wanted)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != wanted) return false;
    return true;
}

/* Whether a buffer with these flags lies right, holds what was asked for, and is as empty as was asked for.
 */
static bool is_right(size_t bytes, unsigned flags)
{
    unsigned char *dirty = tensor_alloc(bytes, flags);

    if (!dirty) return false;
    memset(dirty, 0xa5, bytes);
    tensor_free(dirty);
    unsigned char *data = tensor_alloc(bytes, flags); /* the same memory, most likely */
    if (!data || (uintptr_t)data % (flags & TENSOR_ALIGN_PAGE ? PAGE_SIZE : 64) != 0) return false;
    if (tensor_usable(data) < bytes) return false;
    if (flags & TENSOR_ZERO && !all_bytes_are(data, bytes, 0)) return false;
    memset(data, 0x5a, tensor_usable(data));
    tensor_free(data);
    return tensor_usable(data) == 0; // NOLINT(clang-analyzer-unix.Malloc): that is the question
}

KTEST(tensor_alloc, every_size_is_aligned_and_zeroed_as_was_asked)
{
    for (unsigned flags = 0; flags <= (TENSOR_ALIGN_PAGE | TENSOR_ZERO); flags++)
        for (int i = 0; i < SIZES; i++) KTEST_TRUE(test, is_right(sizes[i], flags));
}

KTEST(tensor_alloc, pages_are_aligned_also_when_their_class_is_full)
{
    static void *objects[POOL_CAPACITY], *beyond[5];

    for (size_t i = 0; i < POOL_CAPACITY; i++) objects[i] = tensor_alloc(4096, TENSOR_ALIGN_PAGE);
    for (size_t i = 0; i < 5; i++) {
        beyond[i] = tensor_alloc(4096, TENSOR_ALIGN_PAGE);
        KTEST_TRUE(test, beyond[i] && (uintptr_t)beyond[i] % PAGE_SIZE == 0);
        KTEST_TRUE(test, (uintptr_t)beyond[i] - POOL_BASE >= POOL_SIZE);
    }
    for (size_t i = 0; i < 5; i++) tensor_free(beyond[i]);
    for (size_t i = 0; i < POOL_CAPACITY; i++) tensor_free(objects[i]);
}

KTEST(tensor_alloc, nothing_too_much_and_unknown_flags_are_refused)
{
    for (unsigned flags = 0; flags <= (TENSOR_ALIGN_PAGE | TENSOR_ZERO); flags++) {
        KTEST_TRUE(test, tensor_alloc(0, flags) == NULL);
        KTEST_TRUE(test, tensor_alloc(SIZE_MAX, flags) == NULL);
        KTEST_TRUE(test, tensor_alloc(SIZE_MAX - PAGE_SIZE, flags) == NULL);
    }
    KTEST_TRUE(test, tensor_alloc(64, 4) == NULL);
    KTEST_EQUAL(test, misuse_of(tensor_free, NULL).count, 0);
}

KTEST(tensor_alloc, bad_frees_are_caught)
{
    char *data = tensor_alloc(20000, TENSOR_ALIGN_PAGE);

    KTEST_TRUE(test, is_misuse(tensor_free, data + 4096, MISUSE_INTERIOR_FREE));
    tensor_free(data);
    KTEST_TRUE(test, is_misuse(tensor_free, data, MISUSE_DOUBLE_FREE)); // NOLINT(clang-analyzer-unix.Malloc)
}

KTEST(tensor_shape, bytes_are_those_of_all_elements)
{
    const size_t dims[] = {2, 3, 5, 7};
    struct tensor tensor;

    KTEST_EQUAL(test, tensor_shape(&tensor, TENSOR_F32, 4, dims), 0);
    KTEST_EQUAL(test, tensor.bytes, 2 * 3 * 5 * 7 * 4);
    KTEST_EQUAL(test, tensor_shape(&tensor, TENSOR_I8, 2, dims), 0);
    KTEST_EQUAL(test, tensor.bytes, 6);
    KTEST_EQUAL(test, tensor_shape(&tensor, TENSOR_F16, 1, dims), 0);
    KTEST_EQUAL(test, tensor.bytes, 4);
    KTEST_TRUE(test, tensor.data == NULL && tensor.rank == 1 && tensor.dims[0] == 2);
}

KTEST(tensor_shape, what_cannot_be_counted_is_invalid)
{
    const size_t just[] = {SIZE_MAX / 4}, over[] = {SIZE_MAX / 4 + 1}, none[] = {5, 0},
                 wraps[] = {1ull << 32, 1ull << 30, 4, 1}; /* 2^66 elements wrap to a small number */
    struct tensor tensor;

    KTEST_EQUAL(test, tensor_shape(&tensor, TENSOR_F32, 1, just), 0);
    KTEST_EQUAL(test, tensor_shape(&tensor, TENSOR_F32, 1, over), ERR_INVALID);
    KTEST_EQUAL(test, tensor_shape(&tensor, TENSOR_I8, 1, over), 0);
    KTEST_EQUAL(test, tensor_shape(&tensor, TENSOR_F32, 2, none), ERR_INVALID);
    KTEST_EQUAL(test, tensor_shape(&tensor, TENSOR_F32, 4, wraps), ERR_INVALID);
    KTEST_EQUAL(test, tensor_shape(&tensor, TENSOR_F32, 0, just), ERR_INVALID);
    KTEST_EQUAL(test, tensor_shape(&tensor, TENSOR_F32, TENSOR_RANK_MAX + 1, just), ERR_INVALID);
    KTEST_EQUAL(test, tensor_create(&tensor, TENSOR_F32, 1, just, TENSOR_ZERO), ERR_NO_MEMORY);
    KTEST_TRUE(test, tensor.data == NULL);
    tensor_destroy(&tensor);
}

KTEST(tensor_shape, a_tensor_has_its_memory_until_it_is_destroyed)
{
    const size_t dims[] = {30, 100};
    struct tensor tensor;

    KTEST_EQUAL(test, tensor_create(&tensor, TENSOR_F32, 2, dims, TENSOR_ZERO), 0);
    const void *data = tensor.data;
    KTEST_TRUE(test, tensor_usable(data) >= 12000 && all_bytes_are(data, 12000, 0));
    tensor_destroy(&tensor);
    tensor_destroy(&tensor);
    KTEST_EQUAL(test, tensor_usable(data), 0);
}
