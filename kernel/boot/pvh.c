/* Reads the PVH start info (Xen public/arch-x86/hvm/start_info.h, version 1), which qemu -kernel passes. */
#include "loaders.h"

#include <synos/panic.h>
#include <synos/string.h>
#include <synos/vm.h>

#define BOOT_MAPPED (1ull << 32) /* what start.S maps */

struct pvh_start_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, cmdline, rsdp; /* physical */
    uint64_t memory_map;             /* from version 1 on, as the rest */
    uint32_t memory_map_entries, reserved;
};

struct pvh_module {
    uint64_t base, length, cmdline, reserved;
};

struct pvh_region {
    uint64_t base, length;
    uint32_t type, reserved;
};

void pvh_read(uint64_t info, struct bootinfo *out)
{
    const struct pvh_start_info *start = phys_to_virt(info);
    if (start->magic != PVH_MAGIC || start->version < 1)
        panic("PVH start info at 0x%llx has magic 0x%x, version %u: a loader with a memory map (version 1) "
              "is needed",
              (unsigned long long)info, start->magic, start->version);
    bootinfo_copy_text(out->loader, "PVH", sizeof out->loader);
    if (start->cmdline != 0)
        bootinfo_copy_text(out->cmdline, phys_to_virt(start->cmdline), sizeof out->cmdline);
    if (start->rsdp != 0 && start->rsdp <= BOOT_MAPPED - sizeof out->rsdp)
        memcpy(out->rsdp, phys_to_virt(start->rsdp), sizeof out->rsdp);

    const struct pvh_region *regions = phys_to_virt(start->memory_map);
    for (uint32_t i = 0; i < start->memory_map_entries; i++)
        bootinfo_add_region(out, regions[i].base, regions[i].length, regions[i].type);

    const struct pvh_module *modules = phys_to_virt(start->modules);
    for (uint32_t i = 0; i < start->module_count; i++)
        bootinfo_add_module(out, modules[i].base, modules[i].length,
                            modules[i].cmdline != 0 ? phys_to_virt(modules[i].cmdline) : "");
}
