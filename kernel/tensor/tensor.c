/* Aligned buffers over kmalloc, and shapes whose size is checked. */
#include <synos/errors.h>
#include <synos/heap.h>
#include <synos/layout.h>
#include <synos/string.h>
#include <synos/tensor.h>

enum { TENSOR_FLAGS = TENSOR_ALIGN_PAGE | TENSOR_ZERO };

/* Pool objects are aligned to their size. A class that is full overflows into the heap, whose blocks are not
 * aligned to a page unless it is asked for that. */
static void *alloc_pages(size_t bytes)
{
    if (bytes == 0) return NULL;
    if (bytes <= 2 * PAGE_SIZE) {
        void *object = kmalloc(bytes < PAGE_SIZE ? PAGE_SIZE : bytes);

        if ((uintptr_t)object % PAGE_SIZE == 0) return object;
        kfree(object);
    }
    return heap_alloc_aligned(bytes, PAGE_SIZE);
}

void *tensor_alloc_with(size_t bytes, unsigned flags)
{
    if (flags & ~(unsigned)TENSOR_FLAGS) return NULL;
    void *data = flags & TENSOR_ALIGN_PAGE ? alloc_pages(bytes) : kmalloc(bytes);

    return data && (flags & TENSOR_ZERO) ? memset(data, 0, bytes) : data;
}

/* Bytes of an element; 0 for what is no type. */
static size_t size_of(enum tensor_type type)
{
    switch (type) {
    case TENSOR_F32:
    case TENSOR_I32: return 4;
    case TENSOR_F16: return 2;
    case TENSOR_I8: return 1;
    }
    return 0;
}

int tensor_shape(struct tensor *tensor, enum tensor_type type, unsigned rank, const size_t *dims)
{
    *tensor = (struct tensor){.type = type, .rank = rank, .bytes = size_of(type)};
    if (rank == 0 || rank > TENSOR_RANK_MAX) return ERR_INVALID;
    for (unsigned i = 0; i < rank; i++) {
        tensor->dims[i] = dims[i];
        if (__builtin_mul_overflow(tensor->bytes, dims[i], &tensor->bytes)) return ERR_INVALID;
    }
    return tensor->bytes == 0 ? ERR_INVALID : 0;
}

int tensor_create(struct tensor *tensor, enum tensor_type type, unsigned rank, const size_t *dims,
                  unsigned flags)
{
    const int error = tensor_shape(tensor, type, rank, dims);

    if (error) return error;
    tensor->data = tensor_alloc(tensor->bytes, flags);
    return tensor->data ? 0 : ERR_NO_MEMORY;
}

void tensor_destroy(struct tensor *tensor)
{
    tensor_free(tensor->data);
    tensor->data = NULL;
}
