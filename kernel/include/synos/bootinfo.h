/* What the boot loader told us, in one form for PVH (qemu -kernel) and multiboot2 (GRUB). */
#ifndef SYNOS_BOOTINFO_H
#define SYNOS_BOOTINFO_H

#include <stddef.h>
#include <stdint.h>
#include <synos/acpi.h>

#define BOOT_CMDLINE_MAX 1024
#define BOOT_REGIONS_MAX 64
#define BOOT_MODULES_MAX 8

/* Types as in the ACPI address map (ACPI 6.4, table 15.374); everything but RAM is hands off. */
enum mem_type { MEM_RAM = 1, MEM_RESERVED = 2, MEM_ACPI = 3, MEM_NVS = 4, MEM_BAD = 5 };

struct mem_region {
    uint64_t base, length; /* bytes, physical; sorted by base, not overlapping */
    uint32_t type;         /* enum mem_type */
};

struct boot_module {
    uint64_t base, length; /* bytes, physical */
    char name[64];         /* its command line, cut; NUL terminated */
};

struct bootinfo {
    char cmdline[BOOT_CMDLINE_MAX]; /* loader's, then a space and fw_cfg's opt/synos/cmdline; later words win
                                     */
    struct mem_region regions[BOOT_REGIONS_MAX];
    size_t region_count;
    struct boot_module modules[BOOT_MODULES_MAX];
    size_t module_count;
    char loader[32]; /* "PVH", or the name GRUB gives itself */
    unsigned char
        rsdp[ACPI_RSDP_BYTES]; /* the ACPI root pointer as the loader had it, unchecked; zeros: none */
};

/* Reads what the loader left at physical `info`; `magic` is EAX at entry. Panics for an unknown loader. */
const struct bootinfo *bootinfo_read(uint32_t magic, uint64_t info);

#endif
