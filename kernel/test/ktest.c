/* Runs the tests that the linker collected and prints them as KTAP, one subtest a suite
 * (docs.kernel.org/dev-tools/ktap.html). */
#include <synos/cmdline.h>
#include <synos/fmt.h>
#include <synos/ktest.h>
#include <synos/string.h>
#include <synos/uart.h>

extern const struct ktest_entry ktest_start[], ktest_end[];

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    char line[256];
    va_list arguments;

    va_start(arguments, format);
    int length = fmt_vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    uart_write(line, (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1);
}

void ktest_fail(struct ktest *test, const char *file, int line, const char *format, ...)
{
    char reason[160];
    va_list arguments;

    va_start(arguments, format);
    fmt_vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    say("    # %s:%d: expected %s\n", file, line, reason);
    test->failed = true;
}

/* An identifier as people read it: mm_pool -> mm.pool (only the first underscore), a_name -> a name (all of
 * them). */
static const char *readable(const char *identifier, char replacement, char *out, size_t capacity)
{
    size_t length = 0;
    bool more = true;

    for (; identifier[length] != '\0' && length + 1 < capacity; length++) {
        const bool replace = more && identifier[length] == '_';

        out[length] = replace ? replacement : identifier[length];
        if (replace && replacement == '.') more = false;
    }
    out[length] = '\0';
    return out;
}

static bool is_selected(const struct ktest_entry *entry, const char *selection)
{
    char suite[64];

    return strcmp(selection, "all") == 0 ||
           cmdline_has_word(selection, readable(entry->suite, '.', suite, sizeof(suite)));
}

/* A suite begins where its name is met for the first time; its tests may lie in several files. */
static bool begins_suite(const struct ktest_entry *entry)
{
    for (const struct ktest_entry *before = ktest_start; before < entry; before++)
        if (strcmp(before->suite, entry->suite) == 0) return false;
    return true;
}

static unsigned count_tests(const char *suite)
{
    unsigned count = 0;

    for (const struct ktest_entry *entry = ktest_start; entry < ktest_end; entry++)
        count += strcmp(entry->suite, suite) == 0;
    return count;
}

static unsigned count_suites(const char *selection)
{
    unsigned count = 0;

    for (const struct ktest_entry *entry = ktest_start; entry < ktest_end; entry++)
        count += begins_suite(entry) && is_selected(entry, selection);
    return count;
}

static bool run_test(const struct ktest_entry *entry, unsigned number)
{
    struct ktest test = {.failed = false};
    char name[160];

    entry->function(&test);
    readable(entry->name, ' ', name, sizeof(name));
    if (test.skipped && !test.failed)
        say("    ok %u %s # SKIP %s\n", number, name, test.skipped);
    else
        say("    %s %u %s\n", test.failed ? "not ok" : "ok", number, name);
    return !test.failed;
}

static unsigned run_suite(const struct ktest_entry *first, unsigned number)
{
    unsigned ran = 0, failed = 0;
    char suite[64];

    readable(first->suite, '.', suite, sizeof(suite));
    say("    KTAP version 1\n    # Subtest: %s\n    1..%u\n", suite, count_tests(first->suite));
    for (const struct ktest_entry *entry = first; entry < ktest_end; entry++)
        if (strcmp(entry->suite, first->suite) == 0) failed += !run_test(entry, ++ran);
    say("%s %u %s\n", failed ? "not ok" : "ok", number, suite);
    return failed;
}

static bool is_known(const char *suite)
{
    char name[64];

    for (const struct ktest_entry *entry = ktest_start; entry < ktest_end; entry++)
        if (strcmp(readable(entry->suite, '.', name, sizeof(name)), suite) == 0) return true;
    return strcmp(suite, "all") == 0;
}

/* A suite that is asked for by name and does not exist must not look like one that passed. */
static unsigned report_unknown(const char *selection)
{
    unsigned unknown = 0;

    while (*selection != '\0') {
        char word[64];
        size_t length = 0;

        for (; *selection != '\0' && *selection != ','; selection++)
            if (length < sizeof(word) - 1) word[length++] = *selection;
        word[length] = '\0';
        selection += *selection == ',';
        if (length > 0 && !is_known(word)) {
            say("# no such test suite: %s\n", word);
            unknown++;
        }
    }
    return unknown;
}

unsigned ktest_run(const char *selection)
{
    unsigned failed = 0, number = 0;

    if (strcmp(selection, "none") == 0) return 0;
    say("KTAP version 1\n1..%u\n", count_suites(selection));
    for (const struct ktest_entry *entry = ktest_start; entry < ktest_end; entry++)
        if (begins_suite(entry) && is_selected(entry, selection)) failed += run_suite(entry, ++number);
    return failed + report_unknown(selection);
}
