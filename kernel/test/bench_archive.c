/* Tests of the archives in which several traces are handed over. */
#include <synos/fmt.h>
#include <synos/ktest.h>
#include <synos/rng.h>
#include <synos/string.h>
#include "../bench/archive.h"

static char bytes[2048];
static size_t length;

static void pad(void)
{
    while (length % 4 != 0) bytes[length++] = '\0';
}

static void add(const char *name, const char *data)
{
    const size_t name_bytes = strlen(name) + 1, data_bytes = strlen(data);

    length += (size_t)fmt_snprintf(bytes + length, sizeof(bytes) - length,
                                   "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1, 0100644,
                                   0, 0, 1, 0, (unsigned)data_bytes, 0, 0, 0, 0, (unsigned)name_bytes, 0);
    memcpy(bytes + length, name, name_bytes);
    length += name_bytes;
    pad();
    for (size_t i = 0; i < data_bytes; i++) bytes[length++] = data[i];
    pad();
}

static void make(void)
{
    length = 0;
    add("first", "12345");
    add("second.name", "");
    add("TRAILER!!!", "");
}

KTEST(bench_archive, files_come_in_order_with_their_names)
{
    make();
    struct archive archive = {bytes, length, 0, NULL};
    struct archive_file file;

    KTEST_TRUE(test, archive_is(bytes, length) && !archive_is("AT1 {}", 6));
    KTEST_TRUE(test, archive_next(&archive, &file));
    KTEST_TEXT(test, file.name, "first");
    KTEST_EQUAL(test, file.length, 5);
    KTEST_EQUAL(test, memcmp(file.data, "12345", 5), 0);
    KTEST_TRUE(test, archive_next(&archive, &file));
    KTEST_TEXT(test, file.name, "second.name");
    KTEST_EQUAL(test, file.length, 0);
    KTEST_TRUE(test, !archive_next(&archive, &file) && archive.wrong == NULL);
}

/* Walks it all; every file must lie inside. */
static bool stays_inside(const char *data, size_t bytes_in_it)
{
    struct archive archive = {data, bytes_in_it, 0, NULL};
    struct archive_file file;

    while (archive_next(&archive, &file)) {
        const char *start = file.data;

        if (start < data || start + file.length > data + bytes_in_it) return false;
        if (file.name + strlen(file.name) >= data + bytes_in_it) return false;
    }
    return true;
}

KTEST(bench_archive, one_that_is_cut_off_says_so)
{
    struct archive_file file;

    make();
    for (size_t cut = 0; cut < length - 12; cut++) {
        struct archive archive = {bytes, cut, 0, NULL};

        while (archive_next(&archive, &file)) {}
        KTEST_TRUE(test, archive.wrong != NULL);
        KTEST_TRUE(test, stays_inside(bytes, cut));
    }
}

KTEST(bench_archive, whatever_byte_is_changed_the_walk_stays_inside)
{
    struct rng rng;

    rng_seed(&rng, 3);
    for (int round = 0; round < 20000; round++) {
        make();
        for (int i = 0; i < 3; i++)
            bytes[rng_below(&rng, (uint32_t)length)] = "0123456789abcdefg\xff"[rng_below(&rng, 18)];
        KTEST_TRUE(test, stays_inside(bytes, length));
    }
}
