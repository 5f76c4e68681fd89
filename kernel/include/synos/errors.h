/* Error codes: functions that can fail return 0 or one of these; results go through out-pointers. */
#ifndef SYNOS_ERRORS_H
#define SYNOS_ERRORS_H

enum error {
    ERR_NONE = 0,
    ERR_NO_MEMORY = -1, /* no frame, block or table entry left */
    ERR_INVALID = -2,   /* an argument that no caller may pass: misaligned, zero, out of its range */
    ERR_EXISTS = -3,    /* the page is mapped already */
    ERR_NOT_FOUND = -4, /* no such file, symbol or mapping */
    ERR_TOO_LONG = -5,  /* the value does not fit into the buffer given */
    ERR_CORRUPT = -6,   /* data from outside contradicts itself */
};

#endif
