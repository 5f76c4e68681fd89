/* Reads the boot information of the multiboot2 specification (section 3.6), which GRUB passes. */
#include "loaders.h"

#include <synos/panic.h>
#include <synos/string.h>
#include <synos/vm.h>

enum {
    TAG_END = 0,
    TAG_CMDLINE = 1,
    TAG_LOADER = 2,
    TAG_MODULE = 3,
    TAG_MEMORY_MAP = 6,
    TAG_ACPI_OLD = 14, /* a copy of the root pointer, version 1 */
    TAG_ACPI_NEW = 15, /* from version 2 on */
};

struct tag {
    uint32_t type, size; /* size counts this header, not the padding to 8 bytes behind it */
};

struct tag_text {
    struct tag tag;
    char text[];
};

struct tag_module {
    struct tag tag;
    uint32_t start, end;
    char cmdline[];
};

struct tag_memory_map {
    struct tag tag;
    uint32_t entry_size, entry_version;
};

struct memory_map_entry {
    uint64_t base, length;
    uint32_t type, reserved;
};

static void read_memory_map(const struct tag_memory_map *map, struct bootinfo *out)
{
    if (map->entry_size < sizeof(struct memory_map_entry))
        panic("multiboot2 memory map has entries of %u bytes", map->entry_size);
    const char *entry = (const char *)(map + 1);
    const char *end = (const char *)map + map->tag.size;
    for (; entry + map->entry_size <= end; entry += map->entry_size) {
        const struct memory_map_entry *region = (const struct memory_map_entry *)entry;
        bootinfo_add_region(out, region->base, region->length, region->type);
    }
}

/* A loader may give both; the newer one, which says all, is the longer one. */
static void read_root_pointer(const struct tag *tag, struct bootinfo *out)
{
    size_t bytes = tag->size - sizeof *tag;
    if (bytes > sizeof out->rsdp) bytes = sizeof out->rsdp;
    if (tag->type == TAG_ACPI_OLD && out->rsdp[0] != 0) return;
    memset(out->rsdp, 0, sizeof out->rsdp);
    memcpy(out->rsdp, tag + 1, bytes);
}

static void read_tag(const struct tag *tag, struct bootinfo *out)
{
    const struct tag_module *module = (const struct tag_module *)tag;
    switch (tag->type) {
    case TAG_CMDLINE:
        bootinfo_copy_text(out->cmdline, ((const struct tag_text *)tag)->text, sizeof out->cmdline);
        break;
    case TAG_LOADER:
        bootinfo_copy_text(out->loader, ((const struct tag_text *)tag)->text, sizeof out->loader);
        break;
    case TAG_MODULE:
        bootinfo_add_module(out, module->start, module->end - module->start, module->cmdline);
        break;
    case TAG_MEMORY_MAP: read_memory_map((const struct tag_memory_map *)tag, out); break;
    case TAG_ACPI_OLD:
    case TAG_ACPI_NEW: read_root_pointer(tag, out); break;
    default: break; /* loaders add tags that nobody asked for */
    }
}

void multiboot2_read(uint64_t info, struct bootinfo *out)
{
    const char *base = phys_to_virt(info);
    uint32_t total = *(const uint32_t *)base;
    uint32_t at = 8; /* total size and a reserved word */
    while (at + sizeof(struct tag) <= total) {
        const struct tag *tag = (const struct tag *)(base + at);
        if (tag->type == TAG_END) return;
        if (tag->size < sizeof *tag || tag->size > total - at)
            panic("multiboot2 tag %u at offset %u has size %u of %u", tag->type, at, tag->size, total);
        read_tag(tag, out);
        at += (tag->size + 7u) & ~7u;
    }
}
