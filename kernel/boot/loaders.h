/* Private to boot/: the two loader formats behind bootinfo_read(), and what they share. */
#ifndef SYNOS_BOOT_LOADERS_H
#define SYNOS_BOOT_LOADERS_H

#include <synos/bootinfo.h>

#define PVH_MAGIC        0x336ec578u
#define MULTIBOOT2_MAGIC 0x36d76289u

/* Each reads the structure at physical `info` into *out. */
void pvh_read(uint64_t info, struct bootinfo *out);
void multiboot2_read(uint64_t info, struct bootinfo *out);

/* Append what a loader found. Surplus regions are dropped (less memory is safe), surplus modules panic. */
void bootinfo_add_region(struct bootinfo *out, uint64_t base, uint64_t length, uint32_t type);
void bootinfo_add_module(struct bootinfo *out, uint64_t base, uint64_t length, const char *name);

/* Sorts the regions by base and cuts overlaps: only RAM ever loses bytes. */
void bootinfo_tidy_regions(struct bootinfo *out);

/* Copies a text and cuts it to the capacity (which counts the NUL). */
void bootinfo_copy_text(char *out, const char *text, size_t capacity);

#endif
