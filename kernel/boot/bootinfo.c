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

const struct bootinfo *bootinfo_read(uint32_t magic, uint64_t info)
{
    if (magic == PVH_MAGIC)
        pvh_read(info, &boot);
    else if (magic == MULTIBOOT2_MAGIC)
        multiboot2_read(info, &boot);
    else
        panic("boot loader magic 0x%x is neither PVH nor multiboot2", magic);
    append_host_cmdline(&boot);
    bootinfo_tidy_regions(&boot);
    if (boot.region_count == 0) panic("boot loader \"%s\" gave no memory map", boot.loader);
    return &boot;
}

/* The host steers an ISO, whose own command line is fixed, by this file. */
static void append_host_cmdline(struct bootinfo *out)
{
    size_t used = strlen(out->cmdline);
    size_t gap = used > 0 ? 1 : 0;
    if (used + gap >= BOOT_CMDLINE_MAX) return;
    int length = fwcfg_read("opt/synos/cmdline", out->cmdline + used + gap, BOOT_CMDLINE_MAX - used - gap);
    if (length > 0 && gap > 0) out->cmdline[used] = ' ';
}

void bootinfo_tidy_regions(struct bootinfo *out)
{
    sort_regions(out);
    trim_overlaps(out);
}

static void sort_regions(struct bootinfo *out)
{
    for (size_t i = 1; i < out->region_count; i++) {
        struct mem_region moving = out->regions[i];
        size_t at = i;
        for (; at > 0 && out->regions[at - 1].base > moving.base; at--)
            out->regions[at] = out->regions[at - 1];
        out->regions[at] = moving;
    }
}

/* RAM keeps only what no other region claims; of two RAM regions the lower ends where the next begins. */
static void trim_overlaps(struct bootinfo *out)
{
    uint64_t taken = 0; /* end of all regions so far */
    size_t kept = 0;
    for (size_t i = 0; i < out->region_count; i++) {
        struct mem_region region = out->regions[i];
        uint64_t end = region.base + region.length;
        if (region.type == MEM_RAM) {
            uint64_t limit = i + 1 < out->region_count ? out->regions[i + 1].base : UINT64_MAX;
            uint64_t base = region.base > taken ? region.base : taken;
            uint64_t stop = end < limit ? end : limit;
            region.base = base;
            region.length = stop > base ? stop - base : 0;
        }
        taken = end > taken && region.length > 0 ? end : taken;
        if (region.length > 0) out->regions[kept++] = region;
    }
    out->region_count = kept;
}

void bootinfo_add_region(struct bootinfo *out, uint64_t base, uint64_t length, uint32_t type)
{
    if (length > UINT64_MAX - base) length = UINT64_MAX - base;
    if (length == 0 || out->region_count == BOOT_REGIONS_MAX) return;
    out->regions[out->region_count++] = (struct mem_region){.base = base, .length = length, .type = type};
}

void bootinfo_add_module(struct bootinfo *out, uint64_t base, uint64_t length, const char *name)
{
    if (out->module_count == BOOT_MODULES_MAX)
        panic("more than %d boot modules: their memory would be handed out", BOOT_MODULES_MAX);
    struct boot_module *module = &out->modules[out->module_count++];
    module->base = base;
    module->length = length;
    bootinfo_copy_text(module->name, name, sizeof module->name);
}

void bootinfo_copy_text(char *out, const char *text, size_t capacity)
{
    size_t i = 0;
    for (; i + 1 < capacity && text[i] != '\0'; i++) out[i] = text[i];
    out[i] = '\0';
}
