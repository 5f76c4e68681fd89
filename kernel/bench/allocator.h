/*
 * An allocator as benchmarks see it, in the kernel and on the host. This header, trace_decode, trace_mix,
 * trace_replay and the baselines need nothing but lib/, so that a program of the host can compile them, too.
 */
#ifndef SYNOS_BENCH_ALLOCATOR_H
#define SYNOS_BENCH_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that are in no live block of an arena, and in the largest block that is free. */
struct allocator_space {
    size_t total, largest;
};

struct allocator {
    const char *name;                           /* as in the label `allocator` */
    void *(*alloc)(size_t bytes);               /* aligned to 64 B, or NULL */
    void (*free)(void *memory);                 /* only what alloc returned: baselines check nothing */
    size_t (*usable)(const void *memory);       /* bytes, at least those asked for */
    bool (*start)(void *arena, size_t bytes);   /* anew on this arena; false: not even its tables fit */
    void (*space)(struct allocator_space *out); /* what is free in the arena now; walks it */
    const char *(*check)(void);                 /* NULL or the sentence that does not hold; walks it */
};

/* The opponents, each on an arena of its own: first-fit, TLSF, buddy, and the plain list as the floor. */
enum { BASELINE_FIRSTFIT, BASELINE_TLSF, BASELINE_BUDDY, BASELINE_LIST, BASELINE_COUNT };
extern const struct allocator baselines[BASELINE_COUNT];

#endif
