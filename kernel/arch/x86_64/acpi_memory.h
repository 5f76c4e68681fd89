/* Private to arch/: reading of firmware's tables, which may lie anywhere. */
#ifndef SYNOS_ARCH_ACPI_MEMORY_H
#define SYNOS_ARCH_ACPI_MEMORY_H

#include <synos/acpi.h>

/* The acpi_reader of the real machine: each page is seen through one window, so that it needs no other
 * mapping. For the boot CPU, before others run. */
bool acpi_memory_read(uint64_t address, void *out, size_t bytes);

/* Closes the window. */
void acpi_memory_close(void);

#endif
