/* Walks a cpio archive, of which no byte is trusted. */
#include "archive.h"

#include <stdint.h>
#include <synos/string.h>

enum { MAGIC = 6, FIELD = 8, FIELDS = 13, HEADER = MAGIC + FIELD * FIELDS, FILE_SIZE = 6, NAME_SIZE = 11 };

static const char magic[] = "070701", trailer[] = "TRAILER!!!";

bool archive_is(const void *data, size_t length)
{
    return length >= HEADER && memcmp(data, magic, MAGIC) == 0;
}

/* The value of eight hexadecimal digits; more than 32 bits when one is none. */
static uint64_t field(const char *header, unsigned number)
{
    const char *digits = header + MAGIC + (size_t)FIELD * number;
    uint64_t value = 0;

    for (unsigned i = 0; i < FIELD; i++) {
        const char digit = digits[i];

        if (digit >= '0' && digit <= '9')
            value = value * 16 + (uint64_t)(digit - '0');
        else if ((digit | 32) >= 'a' && (digit | 32) <= 'f')
            value = value * 16 + (uint64_t)((digit | 32) - 'a' + 10);
        else
            return UINT64_MAX;
    }
    return value;
}

static size_t padded(size_t length)
{
    return (length + 3) & ~(size_t)3;
}

static bool fail(struct archive *archive, const char *wrong)
{
    archive->wrong = wrong;
    return false;
}

bool archive_next(struct archive *archive, struct archive_file *out)
{
    const char *header = archive->data + archive->at;
    const size_t rest = archive->length - archive->at;

    if (archive->wrong) return false;
    if (!archive_is(header, rest)) return fail(archive, "a file's header is broken or missing");
    const uint64_t bytes = field(header, FILE_SIZE), name_bytes = field(header, NAME_SIZE);
    if (bytes > rest || name_bytes == 0 || name_bytes > rest - HEADER)
        return fail(archive, "a file is longer than the archive");
    const size_t start = padded(HEADER + name_bytes);
    if (header[HEADER + name_bytes - 1] != '\0') return fail(archive, "a file's name has no end");
    *out = (struct archive_file){header + HEADER, header + start, bytes};
    if (strcmp(out->name, trailer) == 0) return false;
    if (start > rest || bytes > rest - start) return fail(archive, "a file is longer than the archive");
    archive->at += start + bytes < rest ? padded(start + bytes) : rest;
    if (archive->at > archive->length) archive->at = archive->length;
    return true;
}
