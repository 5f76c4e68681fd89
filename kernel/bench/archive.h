/*
 * Files of a cpio archive in the format "newc" (Linux,
 * Documentation/driver-api/early-userspace/buffer-format), as initial RAM disks are: one boot module carries
 * several traces. Needs nothing but lib/.
 */
#ifndef SYNOS_BENCH_ARCHIVE_H
#define SYNOS_BENCH_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

struct archive {
    const char *data;
    size_t length, at;
    const char *wrong; /* NULL, or what ended the walk before the trailer */
};

struct archive_file {
    const char *name; /* NUL-terminated, inside of the archive */
    const void *data;
    size_t length;
};

/* Whether `data` begins as such an archive does. */
bool archive_is(const void *data, size_t length);

/* The next file, or false at the trailer and where the archive is broken (`wrong` is then set). */
bool archive_next(struct archive *archive, struct archive_file *out);

#endif
