/*
 * In-kernel tests. A new test is one function, registered by its own first line:
 *
 *     KTEST(mm_pool, a_double_free_is_caught_at_the_free)
 *     {
 *         KTEST_EQUAL(test, caught, 1);
 *     }
 *
 * It prints as `ok 1 a double free is caught at the free` in the suite `mm.pool`. Entries lie in the section
 * `.ktest`; the linker script keeps them between ktest_start and ktest_end.
 */
#ifndef SYNOS_KTEST_H
#define SYNOS_KTEST_H

#include <synos/registry.h>
#include <stdbool.h>
#include <stdint.h>
#include <synos/string.h>

struct ktest {
    bool failed;
    const char *skipped; /* why, when the machine cannot run the test */
};

struct ktest_entry {
    const char *suite,
        *name; /* identifiers; shown with a dot for the suite's first underscore and blanks in the name */
    void (*function)(struct ktest *test);
};

#define KTEST(suite_name, test_name)                                                                         \
    static void suite_name##_##test_name(struct ktest *test);                                                \
    static const struct ktest_entry suite_name##_##test_name##_entry SYNOS_REGISTERED(".ktest") = {          \
        #suite_name, #test_name, suite_name##_##test_name};                                                  \
    static void suite_name##_##test_name(__attribute__((unused)) struct ktest *test)

/* Each prints `# file:line: expected ...` when it does not hold, marks the test as failed and leaves its
 * function. */
#define KTEST_TRUE(test, condition)                                                                          \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            ktest_fail(test, __FILE__, __LINE__, "%s", #condition);                                          \
            return;                                                                                          \
        }                                                                                                    \
    } while (0)

#define KTEST_EQUAL(test, actual, wanted)                                                                    \
    do {                                                                                                     \
        const uint64_t actual_ = (uint64_t)(actual), wanted_ = (uint64_t)(wanted);                           \
        if (actual_ != wanted_) {                                                                            \
            ktest_fail(test, __FILE__, __LINE__, "%s == %s, but it is %lld and not %lld", #actual, #wanted,  \
                       (long long)actual_, (long long)wanted_);                                              \
            return;                                                                                          \
        }                                                                                                    \
    } while (0)

#define KTEST_TEXT(test, actual, wanted)                                                                     \
    do {                                                                                                     \
        const char *actual_ = (actual), *wanted_ = (wanted);                                                 \
        if (strcmp(actual_, wanted_) != 0) {                                                                 \
            ktest_fail(test, __FILE__, __LINE__, "%s \"%s\", but it is \"%s\"", #actual, wanted_, actual_);  \
            return;                                                                                          \
        }                                                                                                    \
    } while (0)

/* What the machine must have for this test; without it the test is told as skipped. */
#define KTEST_NEEDS(test, condition, what)                                                                   \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            (test)->skipped = "needs " what;                                                                 \
            return;                                                                                          \
        }                                                                                                    \
    } while (0)

void ktest_fail(struct ktest *test, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * Runs the suites that `selection` names (`all`, `none`, or suites separated by commas) in link order and
 * prints KTAP. Returns the number of failed tests; a suite that is named and does not exist counts as one.
 */
unsigned ktest_run(const char *selection);

#endif
