/* Tests of the record format against the vectors that docs/records.md publishes, and of what it does with odd
 * input. */
#include <synos/crc32.h>
#include <synos/ktest.h>
#include <synos/record.h>
#include <synos/string.h>

static struct synos_records records;
static char line[SYNOS_RECORD_MAX + 64];
static size_t line_length;

static void take_byte(char byte)
{
    if (line_length + 1 < sizeof(line)) line[line_length++] = byte;
    line[line_length] = '\0';
}

static void take_frame(void *context, const char *bytes, size_t length)
{
    *(unsigned *)context += 1;
    for (size_t i = 0; i < length; i++) take_byte(bytes[i]);
}

static void start(void)
{
    synos_records_init_putc(&records, take_byte);
    line_length = 0;
}

static bool starts_with(const char *whole, const char *start_of_it)
{
    return strncmp(whole, start_of_it, strlen(start_of_it)) == 0;
}

KTEST(bench_record, frames_are_those_of_the_specification)
{
    const uint64_t samples[] = {51, 51, 52};
    const struct synos_label labels[] = {{"allocator", "pool"}, {"bytes", "4096"}};
    const struct synos_figure figure = {"alloc", "pair",  "latency", "cycles", 51,
                                        1000,    samples, 3,         labels,   2};

    start();
    synos_record_hello(&records, "demo", "00ff", 1, 1000000, "bench=all");
    KTEST_TEXT(
        test, line,
        "\x1e@0 107 {\"kind\":\"hello\",\"schema\":1,\"kernel\":\"demo\",\"build\":\"00ff\",\"cpus\":1,"
        "\"tsc_khz\":1000000,\"cmdline\":\"bench=all\"} f7ca3a10\n");
    line_length = 0;
    synos_record_figure(&records, "bench", &figure);
    KTEST_TEXT(test, line,
               "\x1e@1 176 "
               "{\"kind\":\"bench\",\"suite\":\"alloc\",\"name\":\"pair\",\"metric\":\"latency\",\"unit\":"
               "\"cycles\","
               "\"value\":51,\"iterations\":1000,\"samples\":[51,51,52],\"labels\":{\"allocator\":\"pool\","
               "\"bytes\":\"4096\"}} "
               "0d4cdfc8\n");
    line_length = 0;
    synos_record_note(&records, "tab\t quote\" back\\slash \xe4\x7f");
    KTEST_TEXT(test, line,
               "\x1e@2 67 {\"kind\":\"note\",\"text\":\"tab\\u0009 quote\\\" back\\\\slash \\u00e4\\u007f\"} "
               "b64351ca\n");
    line_length = 0;
    synos_record_end(&records);
    KTEST_TEXT(test, line, "\x1e@3 43 {\"kind\":\"end\",\"records\":3,\"crc\":\"6bf651be\"} 314d1d85\n");
}

KTEST(bench_record, the_headers_own_crc_is_the_kernels)
{
    const char data[] = "1 2 {}";

    KTEST_EQUAL(test, synos_record_crc(0, data, 6), crc32_update(0, data, 6));
    KTEST_EQUAL(test, synos_record_crc(synos_record_crc(0, data, 3), data + 3, 3), crc32_update(0, data, 6));
}

KTEST(bench_record, a_frame_is_one_write)
{
    unsigned writes = 0;

    start();
    synos_records_init(&records, take_frame, &writes);
    synos_record_note(&records, "one");
    KTEST_EQUAL(test, writes, 1);
    KTEST_EQUAL(test, line[line_length - 1], '\n');
}

KTEST(bench_record, numbers_keep_all_64_bits)
{
    start();
    synos_record_begin(&records, "stat");
    synos_record_number(&records, "value", UINT64_MAX);
    synos_record_send(&records);
    KTEST_TRUE(test, starts_with(line, "\x1e@0 44 {\"kind\":\"stat\",\"value\":18446744073709551615} "));
}

/* Sends a note of this length of text and returns how long the JSON was, by its own account. */
static unsigned send_note(size_t length)
{
    static char text[SYNOS_RECORD_MAX + 16];
    unsigned bytes = 0;

    memset(text, 'x', length);
    text[length] = '\0';
    start();
    synos_record_note(&records, text);
    for (const char *at = line + 4; *at >= '0' && *at <= '9'; at++)
        bytes = bytes * 10 + (unsigned)(*at - '0');
    return bytes;
}

KTEST(bench_record, a_record_that_fills_the_frame_is_whole_and_one_more_byte_makes_it_a_note)
{
    const size_t around =
        sizeof("{\"kind\":\"note\",\"text\":\"\"") - 1; /* the brace that closes has a place of its own */
    const size_t longest = SYNOS_RECORD_MAX - around;

    KTEST_EQUAL(test, send_note(longest), SYNOS_RECORD_MAX + 1);
    KTEST_EQUAL(test, line[line_length - 1], '\n');
    KTEST_TRUE(test, send_note(longest + 1) < 100);
    KTEST_TRUE(
        test,
        starts_with(line, "\x1e@0 58 {\"kind\":\"note\",\"text\":\"a record was too long and is lost\"}"));
}

KTEST(bench_record, after_a_lost_record_the_next_one_is_whole)
{
    send_note(SYNOS_RECORD_MAX);
    line_length = 0;
    synos_record_note(&records, "ok");
    KTEST_TRUE(test, starts_with(line, "\x1e@1 27 {\"kind\":\"note\",\"text\":\"ok\"} "));
}

KTEST(bench_record, a_command_line_that_does_not_fit_is_left_out_and_hello_is_not)
{
    static char cmdline[SYNOS_RECORD_MAX];

    memset(cmdline, '\x1b', sizeof(cmdline) - 1);
    start();
    synos_record_hello(&records, "demo", "00ff", 1, 1, cmdline);
    KTEST_TRUE(
        test,
        starts_with(line, "\x1e@0 92 {\"kind\":\"hello\",\"schema\":1,\"kernel\":\"demo\",\"build\":\"00ff\","
                          "\"cpus\":1,\"tsc_khz\":1,\"cmdline\":\"\"} "));
}
