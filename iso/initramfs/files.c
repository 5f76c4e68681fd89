/* Small files and folders, and the four functions that a compiler calls of its own accord. */
#include "init.h"
#include "sys.h"

long read_file(const char *path, char *to, size_t capacity)
{
    const long fd = sys_open(path, read_only);
    size_t size = 0;
    long got = 0;

    if (fd < 0) return fd;
    while (size + 1 < capacity && (got = sys_read(fd, to + size, capacity - 1 - size)) > 0)
        size += (size_t)got;
    sys_close(fd);
    to[size] = '\0';
    return got < 0 ? got : (long)size;
}

/* As the kernel returns it: getdents64(2). */
struct entry {
    uint64_t inode, next;
    uint16_t size;
    uint8_t type;
    char name[];
};

void each_entry(const char *folder, void (*each)(const char *folder, const char *name))
{
    /* On the stack, since folders are walked inside of folders. */
    _Alignas(8) char block[2048];
    const long fd = sys_open(folder, read_only | directory);
    long got;

    if (fd < 0) return;
    while ((got = sys(call_getdents64, fd, (long)block, sizeof block, 0, 0)) > 0) {
        for (long at = 0; at < got;) {
            const struct entry *entry = (const struct entry *)(const void *)(block + at);

            if (entry->name[0] != '.') each(folder, entry->name);
            at += entry->size;
        }
    }
    sys_close(fd);
}

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memset(void *to, int byte, size_t count);
void *memmove(void *to, const void *from, size_t count);
int memcmp(const void *a, const void *b, size_t count);

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    char *at = to;
    const char *source = from;

    while (count-- > 0) *at++ = *source++;
    return to;
}

void *memset(void *to, int byte, size_t count)
{
    char *at = to;

    while (count-- > 0) *at++ = (char)byte;
    return to;
}

void *memmove(void *to, const void *from, size_t count)
{
    char *at = to;
    const char *source = from;

    if (at <= source) return memcpy(to, from, count);
    while (count-- > 0) at[count] = source[count];
    return to;
}

int memcmp(const void *a, const void *b, size_t count)
{
    const unsigned char *left = a;
    const unsigned char *right = b;

    for (; count > 0; count--, left++, right++)
        if (*left != *right) return *left - *right;
    return 0;
}
