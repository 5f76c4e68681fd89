/*
 * Memory for tensors: aligned buffers over kmalloc, and the shape that says how many bytes one needs.
 * For all tensors of one inference pass at once, see arena.h.
 */
#ifndef SYNOS_TENSOR_H
#define SYNOS_TENSOR_H

#include <stddef.h>
#include <stdint.h>
#include <synos/alloc.h>

enum tensor_flags {
    TENSOR_ALIGN_64 = 0,   /* a cache line, and twice the longest vector: the default */
    TENSOR_ALIGN_PAGE = 1, /* 4 KiB */
    TENSOR_ZERO = 2,       /* all bytes that were asked for are 0; without it they are undefined */
};

/* As tensor_alloc, for any flags. */
void *tensor_alloc_with(size_t bytes, unsigned flags);

/* A buffer of at least `bytes`; NULL: bytes is 0, a flag is unknown, or there is no memory. */
static inline void *tensor_alloc(size_t bytes, unsigned flags)
{
    if (__builtin_constant_p(flags) && flags == TENSOR_ALIGN_64) return kmalloc(bytes);
    return tensor_alloc_with(bytes, flags);
}

/* Gives back what tensor_alloc returned; NULL is let pass, a bad free is caught as by kfree. */
static inline void tensor_free(void *data)
{
    kfree(data);
}

/* Bytes usable at `data`, at least those asked for; 0 when that is no live buffer. */
static inline size_t tensor_usable(const void *data)
{
    return kmalloc_usable(data);
}

enum { TENSOR_RANK_MAX = 4 };

enum tensor_type { TENSOR_F32, TENSOR_I32, TENSOR_F16, TENSOR_I8 };

struct tensor {
    void *data;
    enum tensor_type type;
    unsigned rank;
    size_t dims[TENSOR_RANK_MAX]; /* the last one is contiguous */
    size_t bytes;                 /* of all elements */
};

/* Describes a tensor without data. ERR_INVALID: rank 0 or above TENSOR_RANK_MAX, a dimension of 0, an unknown
 * type, or more bytes than can be counted. */
int tensor_shape(struct tensor *tensor, enum tensor_type type, unsigned rank, const size_t *dims);

/* The same with a buffer behind it. Also ERR_NO_MEMORY; `data` is NULL after any error. */
int tensor_create(struct tensor *tensor, enum tensor_type type, unsigned rank, const size_t *dims,
                  unsigned flags);

/* Frees the buffer; a second time, or after a failed tensor_create, nothing happens. */
void tensor_destroy(struct tensor *tensor);

#endif
