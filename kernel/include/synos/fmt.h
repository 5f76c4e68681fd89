/* Formatted text into a bounded buffer: the subset of printf that the kernel uses. */
#ifndef SYNOS_FMT_H
#define SYNOS_FMT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Understands %d %i %u %x %X %p %s %c %% with the lengths l, ll and z, a width (digits or `*`), the flags `0`
 * and `-`, and a precision for %s. Writes at most `capacity` bytes with the closing NUL, and returns the
 * length that the whole text has, as snprintf does: a result >= capacity means that it was cut. An unknown
 * conversion is copied as it stands.
 */
int fmt_vsnprintf(char *out, size_t capacity, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
int fmt_snprintf(char *out, size_t capacity, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
