/* CRC-32 as in IEEE 802.3, zlib and PNG (reflected, polynomial 0xedb88320). */
#ifndef SYNOS_CRC32_H
#define SYNOS_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Continues `crc` (0 for the first piece) over `bytes` of `data`: crc32_update(crc32_update(0, a), b) is the
 * CRC of a then b. */
uint32_t crc32_update(uint32_t crc, const void *data, size_t bytes);

#endif
