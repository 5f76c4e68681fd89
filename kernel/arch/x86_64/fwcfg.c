/* fw_cfg through its two IO ports (QEMU docs/specs/fw_cfg.txt): select an item, then read it byte by byte. */
#include <synos/fwcfg.h>

#include <stdbool.h>
#include <stdint.h>
#include <synos/cpu.h>
#include <synos/errors.h>
#include <synos/string.h>

#define SELECTOR 0x510
#define DATA     0x511

enum { ITEM_SIGNATURE = 0x00, ITEM_DIRECTORY = 0x19, NAME_BYTES = 56 };

struct file {
    uint32_t size;
    uint16_t item;
    char name[NAME_BYTES];
};

static void read_bytes(void *out, size_t length)
{
    uint8_t *bytes = out;
    for (size_t i = 0; i < length; i++) bytes[i] = inb(DATA);
}

/* The directory is big-endian on every machine. */
static uint32_t read_big_endian(size_t bytes)
{
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; i++) value = (value << 8) | inb(DATA);
    return value;
}

static bool device_present(void)
{
    char signature[4];
    outw(SELECTOR, ITEM_SIGNATURE);
    read_bytes(signature, sizeof signature);
    return memcmp(signature, "QEMU", sizeof signature) == 0;
}

static bool find_file(const char *name, struct file *out)
{
    outw(SELECTOR, ITEM_DIRECTORY);
    uint32_t count = read_big_endian(4);
    for (uint32_t i = 0; i < count; i++) {
        out->size = read_big_endian(4);
        out->item = (uint16_t)read_big_endian(2);
        (void)read_big_endian(2); /* reserved */
        read_bytes(out->name, NAME_BYTES);
        if (strncmp(out->name, name, NAME_BYTES) == 0) return true;
    }
    return false;
}

int fwcfg_length(const char *name)
{
    struct file file;
    if (!device_present() || !find_file(name, &file)) return ERR_NOT_FOUND;
    return file.size <= INT32_MAX ? (int)file.size : ERR_TOO_LONG;
}

int fwcfg_read(const char *name, char *out, size_t capacity)
{
    struct file file;
    if (capacity == 0) return ERR_TOO_LONG;
    out[0] = '\0';
    if (!device_present() || !find_file(name, &file)) return ERR_NOT_FOUND;
    if (file.size >= capacity) return ERR_TOO_LONG;
    outw(SELECTOR, file.item);
    read_bytes(out, file.size);
    out[file.size] = '\0';
    return (int)file.size;
}
