/*
 * Kernel modules. The build has worked out what each one needs and in which order (/modules):
 *     m NAME NEEDED...      a module, /lib/NAME.ko, with all that must be there before it, in order
 *     a NAME PATTERN        a pattern of devices that it drives
 */
#include "init.h"
#include "sys.h"
#include "text.h"

enum { names_most = 512, table_bytes = 1 << 20 };

static char table[table_bytes];
/* Where each module's line starts, behind `m `, and whether it was tried. */
static const char *modules[names_most];
static bool tried[names_most];
static long module_count;

static const char *line_after(const char *line)
{
    while (*line != '\0' && *line != '\n') line++;
    return *line == '\n' ? line + 1 : line;
}

/* Copies a word; returns what follows it on its line, or NULL at its end. */
static const char *next_word(const char *from, char *word, size_t capacity)
{
    size_t at = 0;

    while (*from > ' ' && at + 1 < capacity) word[at++] = *from++;
    word[at] = '\0';
    return *from == ' ' ? from + 1 : NULL;
}

static bool begins_word(const char *line, const char *name)
{
    return starts_with(line, name) && line[length_of(name)] <= ' ';
}

void modules_start(void)
{
    const long size = read_file("/modules", table, sizeof table);

    if (size < 0 || size == sizeof table - 1) give_up_with("the list of modules", "/modules", size);
    for (const char *line = table; *line != '\0'; line = line_after(line))
        if (starts_with(line, "m ") && module_count < names_most) modules[module_count++] = line + 2;
}

static void insert(long index, const char *name)
{
    char path[96] = "/lib/";
    long fd;

    if (tried[index]) return;
    tried[index] = true;
    append(path, sizeof path, name);
    append(path, sizeof path, ".ko");
    fd = sys_open(path, read_only);
    if (fd < 0) return;
    /* One that the kernel refuses is no end: another may drive the same device. */
    sys(call_finit_module, fd, (long)"", 0, 0, 0);
    sys_close(fd);
}

static long find(const char *name)
{
    for (long i = 0; i < module_count; i++)
        if (begins_word(modules[i], name)) return i;
    return -1;
}

bool module_load(const char *name)
{
    char word[64];
    const long index = find(name);

    if (index < 0) return false;
    if (tried[index]) return true;
    for (const char *rest = next_word(modules[index], word, sizeof word); rest != NULL;) {
        rest = next_word(rest, word, sizeof word);
        const long needed = find(word);
        if (needed >= 0) insert(needed, word);
    }
    insert(index, name);
    return true;
}

void modules_for(const char *alias)
{
    char name[64];
    char pattern[256];

    for (const char *line = table; *line != '\0'; line = line_after(line)) {
        if (!starts_with(line, "a ")) continue;
        const char *rest = next_word(line + 2, name, sizeof name);
        /* Most differ in the bus already. */
        if (rest == NULL || (*rest != '*' && *rest != alias[0])) continue;
        copy_line(pattern, sizeof pattern, rest);
        if (matches(pattern, alias)) module_load(name);
    }
}
