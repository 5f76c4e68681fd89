/* The kernel command line: finds the last key=value word, and words in comma lists. */
#include <synos/cmdline.h>
#include <synos/string.h>

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static void copy_word(const char *word, char *out, size_t capacity)
{
    size_t length = 0;

    if (capacity == 0) return;
    for (; word[length] != '\0' && !is_blank(word[length]) && length + 1 < capacity; length++)
        out[length] = word[length];
    out[length] = '\0';
}

const char *cmdline_get(const char *line, const char *key, char *out, size_t capacity)
{
    const size_t key_length = strlen(key);
    const char *value = NULL;

    for (const char *at = line; *at != '\0'; at++) {
        const bool starts_word = at == line || is_blank(at[-1]);

        if (starts_word && strncmp(at, key, key_length) == 0 && at[key_length] == '=')
            value = at + key_length + 1;
    }
    if (!value) return NULL;
    copy_word(value, out, capacity);
    return out;
}

bool cmdline_has_word(const char *list, const char *word)
{
    const size_t length = strlen(word);

    for (const char *at = list; at != NULL && *at != '\0';) {
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || at[length] == '\0')) return true;
        while (*at != '\0' && *at != ',') at++;
        if (*at == ',') at++;
    }
    return false;
}
