/* QEMU's fw_cfg device: files that the host hands to the guest (-fw_cfg name=...,string=...). */
#ifndef SYNOS_FWCFG_H
#define SYNOS_FWCFG_H

#include <stddef.h>

/*
 * Copies the file `name` into `out` and terminates it with NUL. Returns its length in bytes, ERR_NOT_FOUND
 * (no such file, or no such device), or ERR_TOO_LONG (length + 1 > capacity; out then holds an empty string).
 */
int fwcfg_read(const char *name, char *out, size_t capacity);

/* The length in bytes of the file `name`, ERR_NOT_FOUND, or ERR_TOO_LONG (it has 2 GiB or more). */
int fwcfg_length(const char *name);

#endif
