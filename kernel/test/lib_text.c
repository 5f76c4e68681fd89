/* Tests of strings, formatting and the command line. */
#include <synos/cmdline.h>
#include <synos/fmt.h>
#include <synos/ktest.h>
#include <synos/string.h>

enum { ROOM = 96, EDGE = 24 };

/* Fills with a pattern in which no two bytes that are less than 251 apart are equal. */
static void fill_pattern(unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) bytes[i] = (unsigned char)(i % 251 + 1);
}

/* Whether a move of `length` bytes inside one buffer changed exactly what it had to. */
static bool moves_right(size_t to, size_t from, size_t length)
{
    unsigned char buffer[ROOM], before[ROOM];

    fill_pattern(buffer, ROOM);
    fill_pattern(before, ROOM);
    if (memmove(buffer + to, buffer + from, length) != buffer + to) return false;
    for (size_t i = 0; i < ROOM; i++) {
        const bool moved = i >= to && i < to + length;

        if (buffer[i] != (moved ? before[from + i - to] : before[i])) return false;
    }
    return true;
}

KTEST(lib_string, memmove_is_right_for_every_overlap_and_length)
{
    for (size_t length = 0; length <= 40; length++)
        for (size_t from = EDGE - 20; from <= EDGE + 20; from++)
            KTEST_TRUE(test, moves_right(EDGE, from, length));
}

KTEST(lib_string, memcpy_copies_every_length_at_every_offset_and_nothing_more)
{
    unsigned char source[ROOM], target[ROOM];

    fill_pattern(source, ROOM);
    for (size_t length = 0; length <= 40; length++) {
        for (size_t offset = 0; offset < 9; offset++) {
            memset(target, 0, ROOM);
            KTEST_TRUE(test, memcpy(target + offset, source + 3, length) == target + offset);
            KTEST_EQUAL(test, memcmp(target + offset, source + 3, length), 0);
            KTEST_EQUAL(test, target[offset + length], 0);
            KTEST_TRUE(test, offset == 0 || target[offset - 1] == 0);
        }
    }
}

KTEST(lib_string, memset_fills_every_length_and_nothing_more)
{
    const volatile int fill = 0x1a5; /* only the low byte counts */
    unsigned char bytes[ROOM];

    for (size_t length = 0; length <= 40; length++) {
        fill_pattern(bytes, ROOM);
        memset(bytes + EDGE, fill, length);
        for (size_t i = 0; i < ROOM; i++)
            KTEST_EQUAL(test, bytes[i], i >= EDGE && i < EDGE + length ? 0xa5 : i % 251 + 1);
    }
}

KTEST(lib_string, memcmp_finds_the_first_difference_as_unsigned_bytes)
{
    unsigned char left[32], right[32];

    for (size_t at = 0; at < sizeof(left); at++) {
        memset(left, 7, sizeof(left));
        memset(right, 7, sizeof(right));
        left[at] = 0x80;
        right[at] = 0x7f;
        KTEST_TRUE(test, memcmp(left, right, sizeof(left)) > 0);
        KTEST_TRUE(test, memcmp(right, left, sizeof(left)) < 0);
        KTEST_EQUAL(test, memcmp(left, right, at), 0);
    }
}

KTEST(lib_string, strings_compare_up_to_their_ends)
{
    KTEST_EQUAL(test, strlen(""), 0);
    KTEST_EQUAL(test, strlen("kernel"), 6);
    KTEST_EQUAL(test, strcmp("pool", "pool"), 0);
    KTEST_TRUE(test, strcmp("pool", "pools") < 0);
    KTEST_TRUE(test, strcmp("\xff", "a") > 0);
    KTEST_EQUAL(test, strncmp("pool.a", "pool.b", 5), 0);
    KTEST_TRUE(test, strncmp("pool.a", "pool.b", 6) < 0);
    KTEST_EQUAL(test, strncmp("a", "a", 100), 0);
    KTEST_EQUAL(test, strncmp("a", "b", 0), 0);
}

static char text[128];

static const char *formatted(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *formatted(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fmt_vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return text;
}

KTEST(lib_fmt, numbers_print_in_each_width_and_base)
{
    KTEST_TEXT(test, formatted("%d %d %d", 0, -1, 2147483647), "0 -1 2147483647");
    KTEST_TEXT(test, formatted("%d", -2147483647 - 1), "-2147483648");
    KTEST_TEXT(test, formatted("%lld", -9223372036854775807ll - 1), "-9223372036854775808");
    KTEST_TEXT(test, formatted("%llu %lu", 18446744073709551615ull, 7ul), "18446744073709551615 7");
    KTEST_TEXT(test, formatted("%x %X %llx", 0xbeefu, 0xbeefu, 0x123456789abcdefull),
               "beef BEEF 123456789abcdef");
    KTEST_TEXT(test, formatted("%zu %u", (size_t)1 << 40, 4294967295u), "1099511627776 4294967295");
    KTEST_TEXT(test, formatted("%p", (void *)0xffffa00000000040ull), "0xffffa00000000040");
}

KTEST(lib_fmt, widths_pad_on_the_side_that_is_asked_for)
{
    KTEST_TEXT(test, formatted("[%5d][%-5d][%05d]", 42, 42, -42), "[   42][42   ][-0042]");
    KTEST_TEXT(test, formatted("[%08x][%2u]", 0xabcu, 12345u), "[00000abc][12345]");
    KTEST_TEXT(test, formatted("[%*d][%4s][%-4s]", 6, 1, "ab", "ab"), "[     1][  ab][ab  ]");
    KTEST_TEXT(test, formatted("[%c][%3c]", 'x', 'y'), "[x][  y]");
}

KTEST(lib_fmt, a_precision_cuts_a_string_that_need_not_end)
{
    const char *volatile nothing = NULL;
    const char open[3] = {'a', 'b', 'c'};

    KTEST_TEXT(test, formatted("%.3s|%.*s|%.9s", open, 2, open, "short"), "abc|ab|short");
    KTEST_TEXT(test, formatted("%s", nothing), "(null)");
}

KTEST(lib_fmt, what_does_not_fit_is_cut_and_counted)
{
    char small[5] = "????";

    KTEST_EQUAL(test, fmt_snprintf(small, 4, "%s", "abcdef"), 6);
    KTEST_TEXT(test, small, "abc");
    KTEST_EQUAL(test, small[4], 0);
    KTEST_EQUAL(test, fmt_snprintf(small, 1, "xyz"), 3);
    KTEST_EQUAL(test, small[0], 0);
    KTEST_EQUAL(test, fmt_snprintf(NULL, 0, "%d%%", 100), 4);
}

KTEST(lib_fmt, unknown_conversions_are_shown_and_not_followed)
{
    const char *volatile odd = "%q %";

    fmt_snprintf(text, sizeof(text), odd, 0);
    KTEST_TEXT(test, text, "%q %");
}

KTEST(lib_cmdline, the_last_word_with_the_key_wins)
{
    char value[16];
    const char *line = "test=all bench=none  test=mm.pool,lib.fmt\nclock=instructions";

    KTEST_TEXT(test, cmdline_get(line, "test", value, sizeof(value)), "mm.pool,lib.fmt");
    KTEST_TEXT(test, cmdline_get(line, "bench", value, sizeof(value)), "none");
    KTEST_TEXT(test, cmdline_get(line, "clock", value, sizeof(value)), "instructions");
    KTEST_TRUE(test, cmdline_get(line, "est", value, sizeof(value)) == NULL);
    KTEST_TRUE(test, cmdline_get(line, "tes", value, sizeof(value)) == NULL);
    KTEST_TRUE(test, cmdline_get("", "test", value, sizeof(value)) == NULL);
    KTEST_TEXT(test, cmdline_get("a= b=2", "a", value, sizeof(value)), "");
}

KTEST(lib_cmdline, a_long_value_is_cut_to_its_room)
{
    char value[4];

    KTEST_TEXT(test, cmdline_get("key=abcdefgh", "key", value, sizeof(value)), "abc");
}

KTEST(lib_cmdline, a_word_in_a_list_is_a_whole_word)
{
    KTEST_TRUE(test, cmdline_has_word("mm.pool,lib.fmt", "lib.fmt"));
    KTEST_TRUE(test, cmdline_has_word("mm.pool,lib.fmt", "mm.pool"));
    KTEST_TRUE(test, !cmdline_has_word("mm.pool,lib.fmt", "mm"));
    KTEST_TRUE(test, !cmdline_has_word("mm.pool,lib.fmt", "fmt"));
    KTEST_TRUE(test, !cmdline_has_word("mm.pools", "mm.pool"));
    KTEST_TRUE(test, !cmdline_has_word("", "mm.pool"));
    KTEST_TRUE(test, !cmdline_has_word(NULL, "mm.pool"));
}
