/* Text: strings, the words of a command line, patterns of module aliases. Nothing here makes a system call,
 * so that it is tested hosted. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

size_t length_of(const char *text);
bool equal(const char *a, const char *b);
bool starts_with(const char *text, const char *start);

/* Appends to a text of this capacity; what does not fit is left out. */
void append(char *to, size_t capacity, const char *text);
void append_number(char *to, size_t capacity, unsigned long number);
/* Appends bytes from a disk: what is not printable ASCII becomes '?', blanks at the end are dropped. */
void append_visible(char *to, size_t capacity, const char *bytes, size_t count);

/* The last word `key=value` or `key` of a command line, before `--`: copies the value (empty for the bare
 * word), true when there is one. */
bool word_of(const char *line, const char *key, char *value, size_t capacity);
/* A decimal number, at most `most`; `otherwise` for what is none. */
long number_of(const char *text, long most, long otherwise);

/* A pattern of shell's kind, with `*`, `?` and `[a-c]`, as depmod writes them for module aliases. */
bool matches(const char *pattern, const char *text);

/* The value of `KEY=` among lines, or among texts with a zero behind each; NULL when it is not there. Ends at
 * a line's or a text's end. */
const char *field_of(const char *block, size_t size, const char *key);
/* Copies up to a line's end. */
void copy_line(char *to, size_t capacity, const char *from);
