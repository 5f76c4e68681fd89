/* Which CPUs a machine has, from firmware's ACPI tables (ACPI 6.4, chapter 5.2). Pure: memory is read through
 * a function of the caller's. The tables are taken for hostile: checksums, lengths and counts are all
 * bounded. */
#ifndef SYNOS_ACPI_H
#define SYNOS_ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <synos/layout.h>

enum { ACPI_RSDP_BYTES = 36 };

struct acpi_cpus {
    uint32_t count;
    uint32_t apic_id[CPUS_MAX]; /* each once, in the order of the table; below 255 */
};

/* Copies [address, address + bytes) of physical memory; false when there is none. */
typedef bool acpi_reader(uint64_t address, void *out, size_t bytes);

/*
 * Finds the enabled CPUs. `rsdp`: ACPI_RSDP_BYTES of the root pointer, zeros behind an old one of 20 bytes.
 * Returns 0, ERR_NOT_FOUND (no root pointer or no table of CPUs) or ERR_CORRUPT (one that is damaged); then
 * `cpus` is empty.
 */
int acpi_find_cpus(const unsigned char *rsdp, acpi_reader *read, struct acpi_cpus *cpus);

#endif
