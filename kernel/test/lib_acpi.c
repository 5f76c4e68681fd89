/* Tests of the ACPI parser with tables that are sound, damaged and hostile. Memory is an array. */
#include <synos/acpi.h>
#include <synos/errors.h>
#include <synos/ktest.h>
#include <synos/string.h>

enum { BASE = 0x7fe0000, MEMORY = 0x1000, RSDT = 0x100, XSDT = 0x200, OTHER = 0x300, MADT = 0x400 };
enum { HEADER = 36, CPU = 0, X2APIC = 9, ENABLED = 1 };

static unsigned char memory[MEMORY], rsdp[ACPI_RSDP_BYTES];
static unsigned madt_bytes;
static struct acpi_cpus cpus;

/* Sees only `memory`, at BASE; what a parser reads beyond of it is refused. */
static bool read(uint64_t address, void *out, size_t bytes)
{
    if (address < BASE || address - BASE > MEMORY || bytes > MEMORY - (address - BASE)) return false;
    memcpy(out, memory + (address - BASE), bytes);
    return true;
}

static void put(unsigned char *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) at[i] = (unsigned char)(value >> (8 * i));
}

static void write_name(unsigned char *at, const char *name, size_t length)
{
    memcpy(at, name, length);
}

static void make_sum_zero(unsigned char *bytes, size_t length, size_t checksum_at)
{
    unsigned char total = 0;

    bytes[checksum_at] = 0;
    for (size_t i = 0; i < length; i++) total = (unsigned char)(total + bytes[i]);
    bytes[checksum_at] = (unsigned char)-total;
}

static void close_table(unsigned at, const char *name, unsigned bytes)
{
    write_name(memory + at, name, 4);
    put(memory + at + 4, bytes, 4);
    make_sum_zero(memory + at, bytes, 9);
}

static void close_madt(void)
{
    close_table(MADT, "APIC", madt_bytes);
}

static void close_rsdp(void)
{
    make_sum_zero(rsdp, 20, 8);
    make_sum_zero(rsdp, ACPI_RSDP_BYTES, 32);
}

static void add_cpu(unsigned type, uint32_t id, uint32_t flags)
{
    unsigned char *entry = memory + MADT + madt_bytes;

    entry[0] = (unsigned char)type;
    entry[1] = type == CPU ? 8 : 16;
    put(entry + (type == CPU ? 3 : 4), id, type == CPU ? 1 : 4);
    put(entry + (type == CPU ? 4 : 8), flags, 4);
    madt_bytes += entry[1];
    close_madt();
}

/* Both root tables point to a table of another kind and to a MADT with two CPUs. */
static void build(void)
{
    memset(memory, 0, sizeof(memory));
    memset(rsdp, 0, sizeof(rsdp));
    write_name(rsdp, "RSD PTR ", 8);
    rsdp[15] = 2;
    put(rsdp + 16, BASE + RSDT, 4);
    put(rsdp + 20, ACPI_RSDP_BYTES, 4);
    put(rsdp + 24, BASE + XSDT, 8);
    close_rsdp();
    for (unsigned i = 0; i < 2; i++) {
        put(memory + RSDT + HEADER + 4 * (size_t)i, BASE + (i == 0 ? OTHER : MADT), 4);
        put(memory + XSDT + HEADER + 8 * (size_t)i, BASE + (i == 0 ? OTHER : MADT), 8);
    }
    close_table(RSDT, "RSDT", HEADER + 8);
    close_table(XSDT, "XSDT", HEADER + 16);
    close_table(OTHER, "FACP", HEADER);
    madt_bytes = HEADER + 8;
    add_cpu(CPU, 4, ENABLED);
    add_cpu(CPU, 2, ENABLED);
}

static int find(void)
{
    return acpi_find_cpus(rsdp, read, &cpus);
}

KTEST(lib_acpi, the_enabled_cpus_are_found_in_the_order_of_the_table)
{
    build();
    add_cpu(CPU, 7, 0);
    add_cpu(CPU, 8, 2); /* may be switched on later: not enabled now */
    add_cpu(X2APIC, 9, ENABLED);
    KTEST_EQUAL(test, find(), 0);
    KTEST_EQUAL(test, cpus.count, 3);
    KTEST_EQUAL(test, cpus.apic_id[0], 4);
    KTEST_EQUAL(test, cpus.apic_id[1], 2);
    KTEST_EQUAL(test, cpus.apic_id[2], 9);
}

KTEST(lib_acpi, a_cpu_that_is_listed_twice_or_cannot_be_addressed_is_left_out)
{
    build();
    add_cpu(X2APIC, 2, ENABLED);
    add_cpu(CPU, 255, ENABLED);
    add_cpu(X2APIC, 255, ENABLED);
    add_cpu(X2APIC, 260, ENABLED);
    KTEST_EQUAL(test, find(), 0);
    KTEST_EQUAL(test, cpus.count, 2);
}

KTEST(lib_acpi, more_cpus_than_there_is_room_for_are_left_out)
{
    build();
    for (unsigned id = 10; id < 10 + 2 * CPUS_MAX; id++) add_cpu(CPU, id, ENABLED);
    KTEST_EQUAL(test, find(), 0);
    KTEST_EQUAL(test, cpus.count, CPUS_MAX);
}

KTEST(lib_acpi, an_old_root_pointer_leads_through_the_rsdt)
{
    build();
    memset(rsdp + 20, 0, ACPI_RSDP_BYTES - 20);
    rsdp[15] = 0;
    make_sum_zero(rsdp, 20, 8);
    memory[XSDT] = '?';
    KTEST_EQUAL(test, find(), 0);
    KTEST_EQUAL(test, cpus.count, 2);
}

KTEST(lib_acpi, a_damaged_xsdt_is_no_reason_to_give_up)
{
    build();
    memory[XSDT + 20] ^= 1;
    KTEST_EQUAL(test, find(), 0);
    build();
    put(rsdp + 24, UINT64_MAX - 8, 8);
    close_rsdp();
    KTEST_EQUAL(test, find(), 0);
    build();
    memory[RSDT + 20] ^= 1;
    KTEST_EQUAL(test, find(), 0);
}

KTEST(lib_acpi, no_pointer_and_no_table_are_told_from_damaged_ones)
{
    build();
    memset(rsdp, 0, sizeof(rsdp));
    KTEST_EQUAL(test, find(), ERR_NOT_FOUND);
    build();
    write_name(memory + MADT, "SSDT", 4);
    KTEST_EQUAL(test, find(), ERR_NOT_FOUND);
    build();
    madt_bytes = HEADER + 8;
    close_madt();
    KTEST_EQUAL(test, find(), ERR_NOT_FOUND);
    build();
    rsdp[9] ^= 1;
    KTEST_EQUAL(test, find(), ERR_CORRUPT);
}

KTEST(lib_acpi, every_single_wrong_bit_in_the_table_of_cpus_is_seen)
{
    build();
    for (unsigned bit = 0; bit < 8 * madt_bytes; bit++) {
        memory[MADT + bit / 8] ^= (unsigned char)(1 << bit % 8);
        KTEST_TRUE(test, find() != 0 && cpus.count == 0);
        memory[MADT + bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    KTEST_EQUAL(test, find(), 0);
}

KTEST(lib_acpi, lengths_that_lie_lead_nowhere)
{
    static const uint32_t table_bytes[] = {0,     8,          HEADER - 1, MEMORY - MADT + 1,
                                           65537, 0x7fffffff, UINT32_MAX};
    static const unsigned char entry_bytes[] = {0, 1, 17, 255};

    for (unsigned i = 0; i < sizeof(table_bytes) / sizeof(table_bytes[0]); i++) {
        build();
        put(memory + MADT + 4, table_bytes[i], 4);
        KTEST_EQUAL(test, find(), ERR_CORRUPT);
    }
    for (unsigned i = 0; i < sizeof(entry_bytes); i++) {
        build();
        memory[MADT + HEADER + 8 + 1] = entry_bytes[i];
        close_madt();
        KTEST_EQUAL(test, find(), ERR_CORRUPT);
    }
    build();
    memory[MADT + HEADER + 8 + 1] = 7; /* shorter than a CPU's entry: stepped over, into the middle of it */
    close_madt();
    KTEST_TRUE(test, find() != 0 || cpus.count < 2);
    build();
    madt_bytes++; /* one byte behind the last entry is none */
    close_madt();
    KTEST_EQUAL(test, find(), 0);
}

KTEST(lib_acpi, pointers_to_nowhere_lead_nowhere)
{
    static const uint64_t nowhere[] = {0, BASE - 1, BASE + MEMORY - HEADER + 1, BASE + MEMORY, UINT64_MAX};

    for (unsigned i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
        build();
        put(memory + XSDT + HEADER + 8, nowhere[i], 8);
        close_table(XSDT, "XSDT", HEADER + 16);
        KTEST_TRUE(test, find() != 0);
    }
}
