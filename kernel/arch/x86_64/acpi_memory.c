/* A window of one page onto physical memory that need not be RAM. */
#include "acpi_memory.h"

#include <synos/cpu.h>
#include <synos/string.h>
#include <synos/vm.h>

#define CPUID_ADDRESS_SIZES 0x80000008u /* EAX bits 7..0: of physical addresses */

static char *const window = (char *)(DEVICE_BASE + PAGE_SIZE);
static uint64_t mapped = UINT64_MAX; /* the page in the window */

void acpi_memory_close(void)
{
    if (mapped != UINT64_MAX) vm_unmap(window, 1);
    mapped = UINT64_MAX;
}

static bool show(uint64_t page)
{
    if (page == mapped) return true;
    acpi_memory_close();
    if (vm_map(window, page, 1, VM_READ) != 0) return false;
    mapped = page;
    return true;
}

/* An address with more bits than the CPU has would be a page fault of its own kind. */
static uint64_t end_of_memory(void)
{
    unsigned bits = 36; /* of the first CPUs of this kind */
    if (cpuid(0x80000000u, 0).eax >= CPUID_ADDRESS_SIZES) bits = cpuid(CPUID_ADDRESS_SIZES, 0).eax & 0xff;
    return 1ull << (bits < 52 ? bits : 52);
}

bool acpi_memory_read(uint64_t address, void *out, size_t bytes)
{
    unsigned char *to = out;
    uint64_t end = end_of_memory();
    if (bytes > end || address > end - bytes) return false;
    while (bytes > 0) {
        uint64_t offset = address % PAGE_SIZE;
        size_t length = bytes < PAGE_SIZE - offset ? bytes : PAGE_SIZE - offset;
        if (!show(address - offset)) return false;
        memcpy(to, window + offset, length);
        to += length;
        address += length;
        bytes -= length;
    }
    return true;
}
