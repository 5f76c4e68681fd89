/* The kernel command line: words separated by blanks, most of them key=value. */
#ifndef SYNOS_CMDLINE_H
#define SYNOS_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The value of `key` in `line`, copied to `out` (cut at `capacity`, always NUL-terminated), or NULL when no
 * word starts with `key=`. The last word wins, so that whoever appends to the line overrides what stood
 * there.
 */
const char *cmdline_get(const char *line, const char *key, char *out, size_t capacity);

/* Whether `word` stands in `list`, which is words separated by commas. */
bool cmdline_has_word(const char *list, const char *word);

#endif
