/* Looks names up in the symbol table that the second link embedded; the first link has an empty one. */
#include <synos/ksym.h>

#include <synos/fmt.h>
#include <synos/layout.h>

/*
 * The section that toolchain/ksyms.awk writes: a count, that many entries sorted by offset, then the names.
 * Offsets count from KERNEL_BASE, names from the first name.
 */
struct ksyms {
    uint32_t count;
    struct {
        uint32_t offset, name;
    } entries[];
};

extern const struct ksyms ksyms_start;
extern const char ksyms_end[];
extern const unsigned char build_id_start[], build_id_end[];

const char *ksym_lookup(uint64_t address, uint64_t *offset)
{
    const struct ksyms *table = &ksyms_start;
    if (address < (uint64_t)text_start || address >= (uint64_t)text_end || (const char *)table == ksyms_end)
        return NULL;
    uint32_t wanted = (uint32_t)(address - KERNEL_BASE);
    uint32_t low = 0, high = table->count; /* the answer is the last entry at or below wanted */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (table->entries[middle].offset <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0) return NULL;
    *offset = wanted - table->entries[low - 1].offset;
    return (const char *)&table->entries[table->count] + table->entries[low - 1].name;
}

/* An ELF note: name size, data size, type, "GNU\0", then the id. */
const char *build_id(void)
{
    static char hex[2 * 32 + 1];
    enum { NOTE_HEADER = 16 };
    size_t at = 0;
    for (const unsigned char *byte = build_id_start + NOTE_HEADER; byte < build_id_end && at + 2 < sizeof hex;
         byte++, at += 2)
        fmt_snprintf(hex + at, 3, "%02x", *byte);
    return hex;
}
