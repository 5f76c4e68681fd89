/*
 * Memory and string functions, eight bytes at a time.
 *
 * Plain loops and not `rep movs`: an emulator runs each step of a `rep` as an instruction of its own, and the
 * sanitizers of the hosted build see loads and stores but not assembly.
 */
#include <synos/string.h>
#include <stdint.h>

/* A word that may alias anything and lie anywhere: x86-64 loads and stores it whole at any address. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word;

/* Stops the compiler from recognising a loop as memcpy or memset, which would make the function call itself.
 */
#define KEEP_LOOP() __asm__ volatile("")

/* Loads each piece whole before it stores it: right also where `to` lies less than a piece below `from`. */
static void copy_up(unsigned char *to, const unsigned char *from, size_t bytes)
{
    for (; bytes >= 4 * sizeof(word); bytes -= 4 * sizeof(word)) {
        const word *source = (const word *)from;
        const uint64_t a = source[0], b = source[1], c = source[2], d = source[3];
        word *target = (word *)to;

        target[0] = a;
        target[1] = b;
        target[2] = c;
        target[3] = d;
        to += 4 * sizeof(word);
        from += 4 * sizeof(word);
        KEEP_LOOP();
    }
    for (; bytes >= sizeof(word); bytes -= sizeof(word)) {
        *(word *)to = *(const word *)from;
        to += sizeof(word);
        from += sizeof(word);
        KEEP_LOOP();
    }
    for (; bytes > 0; bytes--) {
        *to++ = *from++;
        KEEP_LOOP();
    }
}

static void copy_down(unsigned char *to, const unsigned char *from, size_t bytes)
{
    for (; bytes >= sizeof(word); bytes -= sizeof(word))
        *(word *)(to + bytes - sizeof(word)) = *(const word *)(from + bytes - sizeof(word));
    for (; bytes > 0; bytes--) {
        to[bytes - 1] = from[bytes - 1];
        KEEP_LOOP();
    }
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    copy_up(to, from, bytes);
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    if ((uintptr_t)to - (uintptr_t)from >= bytes)
        copy_up(to, from, bytes);
    else
        copy_down(to, from, bytes);
    return to;
}

void *memset(void *to, int byte, size_t bytes)
{
    unsigned char *at = to;
    const uint64_t pattern = (unsigned char)byte * 0x0101010101010101ull;

    for (; bytes >= sizeof(word); bytes -= sizeof(word)) {
        *(word *)at = pattern;
        at += sizeof(word);
        KEEP_LOOP();
    }
    for (; bytes > 0; bytes--) {
        *at++ = (unsigned char)byte;
        KEEP_LOOP();
    }
    return to;
}

int memcmp(const void *left, const void *right, size_t bytes)
{
    const unsigned char *a = left, *b = right;

    for (; bytes >= sizeof(word) && *(const word *)a == *(const word *)b; bytes -= sizeof(word)) {
        a += sizeof(word);
        b += sizeof(word);
    }
    for (; bytes > 0; bytes--, a++, b++)
        if (*a != *b) return *a - *b;
    return 0;
}

size_t strlen(const char *text)
{
    size_t length = 0;

    while (text[length] != '\0') {
        length++;
        KEEP_LOOP();
    }
    return length;
}

int strcmp(const char *left, const char *right)
{
    for (; *left == *right && *left != '\0'; left++) right++;
    return (unsigned char)*left - (unsigned char)*right;
}

int strncmp(const char *left, const char *right, size_t limit)
{
    for (; limit > 0; limit--, left++, right++)
        if (*left != *right || *left == '\0') return (unsigned char)*left - (unsigned char)*right;
    return 0;
}
