/* The allocators that are compared, each in a process of its own, and how each is called. */
#ifndef SYNOS_HOST_BENCH_CONTENDER_H
#define SYNOS_HOST_BENCH_CONTENDER_H

#include <stdbool.h>
#include <stddef.h>

enum { CONTENDERS = 5, OURS = 0 };

struct contender_name {
    const char *name;    /* as people call it */
    const char *library; /* what LD_PRELOAD is set to; NULL: nothing */
    const char *symbol;  /* only the library that has its malloc defines it; NULL: ours */
};
extern const struct contender_name contender_names[CONTENDERS];

/* As this process calls it. */
struct contender {
    void *(*plain)(size_t bytes);
    void *(*aligned)(size_t alignment, size_t bytes);
    void (*release)(void *memory);
};

/* Readies a contender in this process; false when malloc is not that library's. */
bool contender_bind(unsigned index, struct contender *contender);

/* Where the code of this process's contender comes from, and its version as it says itself. */
void contender_describe(unsigned index, char *library, size_t library_bytes, char *version,
                        size_t version_bytes);

#endif
