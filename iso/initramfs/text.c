/* Text: strings, the words of a command line, patterns of module aliases. */
#include "text.h"

size_t length_of(const char *text)
{
    size_t length = 0;

    while (text[length] != '\0') length++;
    return length;
}

bool starts_with(const char *text, const char *start)
{
    while (*start != '\0' && *text == *start) text++, start++;
    return *start == '\0';
}

bool equal(const char *a, const char *b)
{
    return starts_with(a, b) && a[length_of(b)] == '\0';
}

void append(char *to, size_t capacity, const char *text)
{
    size_t at = length_of(to);

    while (*text != '\0' && at + 1 < capacity) to[at++] = *text++;
    to[at] = '\0';
}

void append_number(char *to, size_t capacity, unsigned long number)
{
    char digits[24];
    size_t at = sizeof digits - 1;

    digits[at] = '\0';
    do digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    append(to, capacity, digits + at);
}

void append_visible(char *to, size_t capacity, const char *bytes, size_t count)
{
    char one[2] = {0, 0};

    while (count > 0 && (bytes[count - 1] == ' ' || bytes[count - 1] == '\0')) count--;
    for (size_t i = 0; i < count; i++) {
        one[0] = bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '?';
        append(to, capacity, one);
    }
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n';
}

/* Copies up to the word's end; quotes around a value are the kernel's, and are dropped. */
static void copy_word(char *to, size_t capacity, const char *from)
{
    const bool quoted = *from == '"';
    size_t at = 0;

    if (quoted) from++;
    while (*from != '\0' && (quoted ? *from != '"' : !is_blank(*from)) && at + 1 < capacity)
        to[at++] = *from++;
    to[at] = '\0';
}

bool word_of(const char *line, const char *key, char *value, size_t capacity)
{
    const size_t length = length_of(key);
    bool found = false;

    while (*line != '\0') {
        bool quoted = false;

        while (is_blank(*line)) line++;
        if (starts_with(line, "--") && (line[2] == '\0' || is_blank(line[2]))) break;
        if (starts_with(line, key) &&
            (line[length] == '\0' || line[length] == '=' || is_blank(line[length]))) {
            copy_word(value, capacity, line[length] == '=' ? line + length + 1 : "");
            found = true;
        }
        for (; *line != '\0' && (quoted || !is_blank(*line)); line++)
            if (*line == '"') quoted = !quoted;
    }
    return found;
}

long number_of(const char *text, long most, long otherwise)
{
    long number = 0;

    if (*text == '\0') return otherwise;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') return otherwise;
        number = number * 10 + (*text - '0');
        if (number > most) return most;
    }
    return number;
}

/* Whether a byte is in the set behind '['; *end is set behind its ']'. A set without an end has nothing in
 * it. */
static bool in_set(const char *set, char byte, const char **end)
{
    bool found = false;

    for (; *set != '\0' && *set != ']'; set++) {
        const bool range = set[1] == '-' && set[2] != '\0' && set[2] != ']';

        if (byte >= set[0] && byte <= set[range ? 2 : 0]) found = true;
        if (range) set += 2;
    }
    *end = *set == ']' ? set + 1 : set;
    return found && *set == ']';
}

bool matches(const char *pattern, const char *text)
{
    const char *star = NULL;
    const char *resume = NULL;

    for (;;) {
        const char *next = pattern + 1;
        bool same = *pattern == *text && *pattern != '[';

        if (*pattern == '*') {
            star = next;
            resume = text;
            pattern = next;
            continue;
        }
        if (*text == '\0') return *pattern == '\0';
        if (*pattern == '?') same = true;
        if (*pattern == '[') same = in_set(next, *text, &next);
        if (same) {
            pattern = next;
            text++;
        } else {
            /* The last star takes one byte more; those before it need not be tried again. */
            if (star == NULL) return false;
            pattern = star;
            text = ++resume;
        }
    }
}

const char *field_of(const char *block, size_t size, const char *key)
{
    const size_t length = length_of(key);

    for (size_t at = 0; at + length < size; at++) {
        const bool starts = at == 0 || block[at - 1] == '\0' || block[at - 1] == '\n';

        if (starts && starts_with(block + at, key) && block[at + length] == '=')
            return block + at + length + 1;
    }
    return NULL;
}

void copy_line(char *to, size_t capacity, const char *from)
{
    size_t at = 0;

    while (*from != '\0' && *from != '\n' && at + 1 < capacity) to[at++] = *from++;
    to[at] = '\0';
}
