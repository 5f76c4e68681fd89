/* Root pointer -> root table (XSDT, else RSDT) -> MADT -> APIC ids of the enabled CPUs. */
#include <synos/acpi.h>
#include <synos/errors.h>
#include <synos/string.h>

enum {
    OLD_RSDP_BYTES = 20, /* what the first checksum covers */
    RSDP_REVISION = 15,
    RSDP_RSDT = 16,
    RSDP_XSDT = 24,
    HEADER_BYTES = 36,
    TABLE_BYTES_MAX = 65536, /* a MADT of 4000 CPUs */
    MADT_ENTRIES = HEADER_BYTES + 8,
    ENTRY_CPU = 0,
    ENTRY_CPU_BYTES = 8,
    ENTRY_X2APIC_CPU = 9,
    ENTRY_X2APIC_CPU_BYTES = 16,
    FLAG_ENABLED = 1,
    NO_XAPIC_ID = 255, /* broadcast, and all above do not fit into the registers */
};

struct table {
    uint64_t address;
    uint32_t bytes; /* HEADER_BYTES .. TABLE_BYTES_MAX */
};

static uint64_t little_endian(const unsigned char *at, unsigned bytes)
{
    uint64_t value = 0;

    while (bytes-- > 0) value = value << 8 | at[bytes];
    return value;
}

static unsigned char sum(const unsigned char *bytes, size_t length)
{
    unsigned char total = 0;

    for (size_t i = 0; i < length; i++) total = (unsigned char)(total + bytes[i]);
    return total;
}

/* Whether a whole table can be read, is named so, and sums up to zero. */
static int open_table(uint64_t address, const char *name, acpi_reader *read, struct table *table)
{
    unsigned char header[HEADER_BYTES], chunk[64], total = 0;

    if (!read(address, header, sizeof(header))) return ERR_CORRUPT;
    if (memcmp(header, name, 4) != 0) return ERR_NOT_FOUND;
    table->address = address;
    table->bytes = (uint32_t)little_endian(header + 4, 4);
    if (table->bytes < HEADER_BYTES || table->bytes > TABLE_BYTES_MAX) return ERR_CORRUPT;
    for (uint32_t at = 0; at < table->bytes; at += sizeof(chunk)) {
        const uint32_t left = table->bytes - at, length = left < sizeof(chunk) ? left : sizeof(chunk);

        if (!read(address + at, chunk, length)) return ERR_CORRUPT;
        total = (unsigned char)(total + sum(chunk, length));
    }
    return total == 0 ? ERR_NONE : ERR_CORRUPT;
}

/* The first MADT that the root table points to; its pointers are `width` bytes each. */
static int find_madt(const struct table *root, unsigned width, acpi_reader *read, struct table *madt)
{
    int result = ERR_NOT_FOUND;

    for (uint32_t at = HEADER_BYTES; at + width <= root->bytes; at += width) {
        unsigned char pointer[8];

        if (!read(root->address + at, pointer, width)) return ERR_CORRUPT;
        result = open_table(little_endian(pointer, width), "APIC", read, madt);
        if (result == ERR_NONE) return ERR_NONE;
    }
    return result;
}

static void add(struct acpi_cpus *cpus, uint64_t id, uint64_t flags)
{
    if (!(flags & FLAG_ENABLED) || id >= NO_XAPIC_ID) return;
    for (uint32_t i = 0; i < cpus->count; i++)
        if (cpus->apic_id[i] == id) return;
    if (cpus->count < CPUS_MAX) cpus->apic_id[cpus->count++] = (uint32_t)id;
}

static int read_entries(const struct table *madt, acpi_reader *read, struct acpi_cpus *cpus)
{
    for (uint32_t at = MADT_ENTRIES; at + 2 <= madt->bytes;) {
        unsigned char entry[ENTRY_X2APIC_CPU_BYTES] = {0};
        const uint32_t left = madt->bytes - at;

        if (!read(madt->address + at, entry, left < sizeof(entry) ? left : sizeof(entry))) return ERR_CORRUPT;
        if (entry[1] < 2 || entry[1] > left) return ERR_CORRUPT;
        if (entry[0] == ENTRY_CPU && entry[1] >= ENTRY_CPU_BYTES)
            add(cpus, entry[3], little_endian(entry + 4, 4));
        if (entry[0] == ENTRY_X2APIC_CPU && entry[1] >= ENTRY_X2APIC_CPU_BYTES)
            add(cpus, little_endian(entry + 4, 4), little_endian(entry + 8, 4));
        at += entry[1];
    }
    return cpus->count > 0 ? ERR_NONE : ERR_NOT_FOUND;
}

/* The XSDT where there is a sound one: the RSDT may be missing then. */
static int find_root(const unsigned char *rsdp, acpi_reader *read, struct table *root, unsigned *width)
{
    static const char zeros[8];

    if (memcmp(rsdp, zeros, sizeof(zeros)) == 0) return ERR_NOT_FOUND;
    if (memcmp(rsdp, "RSD PTR ", 8) != 0 || sum(rsdp, OLD_RSDP_BYTES) != 0) return ERR_CORRUPT;
    *width = 8;
    if (rsdp[RSDP_REVISION] >= 2 && sum(rsdp, ACPI_RSDP_BYTES) == 0 &&
        open_table(little_endian(rsdp + RSDP_XSDT, 8), "XSDT", read, root) == ERR_NONE)
        return ERR_NONE;
    *width = 4;
    return open_table(little_endian(rsdp + RSDP_RSDT, 4), "RSDT", read, root) == ERR_NONE ? ERR_NONE
                                                                                          : ERR_CORRUPT;
}

int acpi_find_cpus(const unsigned char *rsdp, acpi_reader *read, struct acpi_cpus *cpus)
{
    struct table root, madt;
    unsigned width = 0;

    memset(cpus, 0, sizeof(*cpus));
    int result = find_root(rsdp, read, &root, &width);
    if (result == ERR_NONE) result = find_madt(&root, width, read, &madt);
    if (result == ERR_NONE) result = read_entries(&madt, read, cpus);
    if (result != ERR_NONE) memset(cpus, 0, sizeof(*cpus));
    return result;
}
