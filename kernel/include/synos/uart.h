/* Serial output over COM1: a 16550 at port 0x3f8, 115200 8N1, polled. */
#ifndef SYNOS_UART_H
#define SYNOS_UART_H

#include <stddef.h>

/* Programs the line; prints nothing, so a mute kernel stays mute. */
void uart_init(void);

/* Sends all bytes as they are (no CR before LF) under one lock, so that a record is never torn. */
void uart_write(const char *bytes, size_t length);

/* Formats into 512 bytes (longer text is cut) and writes them with one uart_write. Directives: see fmt.h. */
void uart_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the current line if it has begun; what follows starts in the first column. */
void uart_fresh_line(void);

/* Waits until the last byte has left the shift register (TEMT); after that the machine may be switched off.
 */
void uart_drain(void);

/* For a panic only: takes the lock away from whoever held it, since the holder will never run again. */
void uart_break_lock(void);

#endif
