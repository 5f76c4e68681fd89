/* The files in which traces were handed over. */
#ifndef SYNOS_BENCH_TRACE_FILES_H
#define SYNOS_BENCH_TRACE_FILES_H

#include <stddef.h>

enum { TRACE_FILES_MAX = 16 };

struct trace_file {
    const char *name;
    const void *data;
    size_t length;
};

/*
 * Copies what was handed over into `out` (room for TRACE_FILES_MAX) and returns how many there are. `wrong`
 * is NULL, or says why some are missing.
 */
size_t trace_files(struct trace_file *out, const char **wrong);

#endif
