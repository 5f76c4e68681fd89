/* One description of the machine out of what either loader left, plus the host's command line from fw_cfg. */
#include "loaders.h"

#include <synos/fwcfg.h>
#include <synos/layout.h>
#include <synos/panic.h>
#include <synos/string.h>

static struct bootinfo boot;

static void append_host_cmdline(struct bootinfo *out);
static void sort_regions(struct bootinfo *out);
static void trim_overlaps(struct bootinfo *out);

const struct bootinfo *bootinfo_read(uint32_t magic, uint64_t info) {
    if (magic == PVH_MAGIC)
        pvh_read(info, &boot);
    else if (magic == MULTIBOOT2_MAGIC)
        multiboot2_read(info, &boot);
    else
        panic("boot loader magic 0x%x is neither PVH nor multiboot2", magic);
    append_host_cmdline(&boot);
    sort_regions(&boot);
    trim_overlaps(&boot);
    if (boot.region_count == 0) panic("boot loader \"%s\" gave no memory map", boot.loader);
    return &boot;
}

/* The host steers an ISO, whose own command line is fixed, by this file. */
static void append_host_cmdline(struct bootinfo *out) {
    size_t used = strlen(out->cmdline);
    size_t gap = used > 0 ? 1 : 0;
    if (used + gap >= BOOT_CMDLINE_MAX) return;
    int length = fwcfg_read("opt/synos/cmdline", out->cmdline + used + gap, BOOT_CMDLINE_MAX - used - gap);
    if (length > 0 && gap > 0) out->cmdline[used] = ' ';
}

static void sort_regions(struct bootinfo *out) {
    for (size_t i = 1; i < out->region_count; i++) {
        struct mem_region moving = out->regions[i];
        size_t at = i;
        for (; at > 0 && out->regions[at - 1].base > moving.base; at--)
            out->regions[at] = out->regions[at - 1];
        out->regions[at] = moving;
    }
}

/* Where two regions claim the same bytes the lower one ends early; firmware maps should never do this. */
static void trim_overlaps(struct bootinfo *out) {
    for (size_t i = 0; i + 1 < out->region_count; i++) {
        struct mem_region *here = &out->regions[i];
        struct mem_region *next = &out->regions[i + 1];
        uint64_t end = here->base + here->length;
        if (end <= next->base) continue;
        if (here->type == MEM_RAM) {
            here->length = next->base - here->base;
        } else {
            uint64_t cut = end - next->base < next->length ? end - next->base : next->length;
            next->base += cut;
            next->length -= cut;
        }
    }
}

void bootinfo_add_region(struct bootinfo *out, uint64_t base, uint64_t length, uint32_t type) {
    if (length == 0 || out->region_count == BOOT_REGIONS_MAX) return;
    out->regions[out->region_count++] = (struct mem_region){.base = base, .length = length, .type = type};
}

void bootinfo_add_module(struct bootinfo *out, uint64_t base, uint64_t length, const char *name) {
    if (out->module_count == BOOT_MODULES_MAX)
        panic("more than %d boot modules: their memory would be handed out", BOOT_MODULES_MAX);
    struct boot_module *module = &out->modules[out->module_count++];
    module->base = base;
    module->length = length;
    bootinfo_copy_text(module->name, name, sizeof module->name);
}

void bootinfo_copy_text(char *out, const char *text, size_t capacity) {
    size_t i = 0;
    for (; i + 1 < capacity && text[i] != '\0'; i++) out[i] = text[i];
    out[i] = '\0';
}
