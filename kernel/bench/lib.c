/* What the functions cost that everything else is made of. */
#include <synos/crc32.h>
#include <synos/fmt.h>
#include <synos/frame.h>
#include <synos/string.h>
#include <synos/bench.h>

static char from[4096], to[4096];

static void bench_memcpy(struct bench *bench)
{
    static const uint32_t sizes[] = {64, 4096, 0};

    for (const uint32_t *bytes = sizes; *bytes != 0; bytes++) {
        bench_label(bench, "bytes", "%u", *bytes);
        BENCH_LOOP(bench)
        memcpy(to, from, *bytes);
    }
}
BENCH(lib, memcpy, bench_memcpy);

static void bench_crc32(struct bench *bench)
{
    bench_label(bench, "bytes", "%u", 256);
    BENCH_LOOP(bench)
    crc32_update(0, from, 256);
}
BENCH(lib, crc32, bench_crc32);

static void bench_fmt(struct bench *bench)
{
    BENCH_LOOP(bench)
    fmt_snprintf(to, sizeof(to), "%s:%d %llx", "pool", 4096, 0xffffa00000000000ull);
}
BENCH(lib, fmt, bench_fmt);

static void bench_frame(struct bench *bench)
{
    BENCH_LOOP(bench)
    frame_free(frame_alloc(1), 1);
}
BENCH(frame, pair, bench_frame);
