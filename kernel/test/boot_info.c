/* Tests of what is made of a loader's description, with descriptions that real loaders are not meant to give.
 */
#include <synos/ktest.h>
#include <synos/layout.h>
#include <synos/string.h>
#include <synos/vm.h>

#include "../boot/loaders.h"

static struct bootinfo info; /* too large for a stack */

static void start_afresh(void)
{
    memset(&info, 0, sizeof info);
}

static bool region_is(size_t index, uint64_t base, uint64_t end, uint32_t type)
{
    const struct mem_region *region = &info.regions[index];
    return region->base == base && region->base + region->length == end && region->type == type;
}

KTEST(boot_info, regions_come_out_sorted)
{
    start_afresh();
    bootinfo_add_region(&info, 0x300000, 0x1000, MEM_RAM);
    bootinfo_add_region(&info, 0x100000, 0x1000, MEM_RESERVED);
    bootinfo_add_region(&info, 0x200000, 0x1000, MEM_RAM);
    bootinfo_tidy_regions(&info);
    KTEST_EQUAL(test, info.region_count, 3);
    KTEST_TRUE(test, region_is(0, 0x100000, 0x101000, MEM_RESERVED));
    KTEST_TRUE(test, region_is(1, 0x200000, 0x201000, MEM_RAM));
    KTEST_TRUE(test, region_is(2, 0x300000, 0x301000, MEM_RAM));
}

KTEST(boot_info, ram_under_a_reserved_region_is_not_ram)
{
    start_afresh();
    bootinfo_add_region(&info, 0x0, 0x10000, MEM_RESERVED);
    bootinfo_add_region(&info, 0x1000, 0x1000, MEM_RAM);
    bootinfo_add_region(&info, 0x4000, 0x14000, MEM_RAM);
    bootinfo_add_region(&info, 0x17000, 0x1000, MEM_ACPI);
    bootinfo_tidy_regions(&info);
    KTEST_EQUAL(test, info.region_count, 3);
    KTEST_TRUE(test, region_is(0, 0x0, 0x10000, MEM_RESERVED));
    KTEST_TRUE(test, region_is(1, 0x10000, 0x17000, MEM_RAM));
    KTEST_TRUE(test, region_is(2, 0x17000, 0x18000, MEM_ACPI));
}

KTEST(boot_info, no_byte_of_ram_is_counted_twice)
{
    start_afresh();
    bootinfo_add_region(&info, 0x1000, 0x9000, MEM_RAM);
    bootinfo_add_region(&info, 0x1000, 0x9000, MEM_RAM);
    bootinfo_add_region(&info, 0x5000, 0x2000, MEM_RAM);
    bootinfo_tidy_regions(&info);
    for (size_t i = 0; i + 1 < info.region_count; i++)
        KTEST_TRUE(test, info.regions[i].base + info.regions[i].length <= info.regions[i + 1].base);
}

KTEST(boot_info, a_region_that_wraps_ends_at_the_top)
{
    start_afresh();
    bootinfo_add_region(&info, 0x1000, UINT64_MAX, MEM_RAM);
    KTEST_TRUE(test, region_is(0, 0x1000, UINT64_MAX, MEM_RAM));
}

KTEST(boot_info, more_regions_than_fit_are_left_out)
{
    start_afresh();
    for (uint64_t i = 0; i < BOOT_REGIONS_MAX + 9; i++) bootinfo_add_region(&info, i << 20, 0x1000, MEM_RAM);
    KTEST_EQUAL(test, info.region_count, BOOT_REGIONS_MAX);
}

KTEST(boot_info, a_text_that_is_too_long_is_cut_and_ends)
{
    char text[4] = {'x', 'x', 'x', 'x'};
    bootinfo_copy_text(text, "synos", sizeof text);
    KTEST_TEXT(test, text, "syn");
}

/* Multiboot2 as a loader would write it: command line, a tag that nobody knows, a memory map with long
 * entries. */
static const struct {
    uint32_t total, reserved;
    uint32_t cmdline_type, cmdline_size;
    char cmdline[16];
    uint32_t unknown_type, unknown_size, unknown_body, unknown_padding;
    uint32_t map_type, map_size, entry_size, entry_version;
    struct {
        uint64_t base, length;
        uint32_t type, reserved;
        uint64_t future;
    } entries[2];
    uint32_t module_type, module_size, module_start, module_end;
    char module_name[8];
    uint32_t acpi_type, acpi_size;
    char acpi[24]; /* 20 bytes, and the padding */
    uint32_t end_type, end_size;
} multiboot = {
    .total = sizeof multiboot,
    .cmdline_type = 1,
    .cmdline_size = 8 + 12, /* the text's bytes; four of padding follow */
    .cmdline = "test=none a",
    .unknown_type = 4711,
    .unknown_size = 12,
    .map_type = 6,
    .map_size = 16 + sizeof multiboot.entries,
    .entry_size = sizeof multiboot.entries[0],
    .entries = {{.base = 0x100000, .length = 0x700000, .type = MEM_RAM},
                {.base = 0x900000, .length = 0x1000, .type = MEM_NVS}},
    .module_type = 3,
    .module_size = 16 + sizeof multiboot.module_name,
    .module_start = 0x400000,
    .module_end = 0x401000,
    .module_name = "initrd",
    .acpi_type = 14,
    .acpi_size = 8 + 20,
    .acpi = "RSD PTR ............",
    .end_size = 8,
};

KTEST(boot_info, multiboot2_tags_are_read_over_padding_and_unknown_tags)
{
    start_afresh();
    multiboot2_read(virt_to_phys(&multiboot), &info);
    KTEST_TEXT(test, info.cmdline, "test=none a");
    KTEST_EQUAL(test, info.region_count, 2);
    KTEST_TRUE(test, region_is(0, 0x100000, 0x800000, MEM_RAM));
    KTEST_TRUE(test, region_is(1, 0x900000, 0x901000, MEM_NVS));
    KTEST_EQUAL(test, info.module_count, 1);
    KTEST_EQUAL(test, info.modules[0].base, 0x400000);
    KTEST_EQUAL(test, info.modules[0].length, 0x1000);
    KTEST_TEXT(test, info.modules[0].name, "initrd");
    KTEST_TRUE(test, memcmp(info.rsdp, "RSD PTR ............\0\0", 22) == 0);
}
