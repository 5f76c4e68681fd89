/* Names for addresses: the table that toolchain/ksyms.awk makes of the first link, embedded by the second. */
#ifndef SYNOS_KSYM_H
#define SYNOS_KSYM_H

#include <stddef.h>
#include <stdint.h>

/* The function that holds `address`, and how far into it; NULL for an address outside the text. */
const char *ksym_lookup(uint64_t address, uint64_t *offset);

/* GNU build id of this image as lower-case hex, NUL terminated; "" when it was linked without one. */
const char *build_id(void);

#endif
