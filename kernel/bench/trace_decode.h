/*
 * Allocation traces in the format AT1: one text line `AT1 {json}`, then unsigned LEB128 numbers, two an
 * event:
 *
 *     allocation   size << 1            thread
 *     free         (age << 1) | 1       thread         age: 1 = the newest allocation, 2 = the one before it
 * ...
 *
 * A trace comes from outside: whatever the bytes are, the answer is a trace or a sentence that says what is
 * wrong and where. Needs nothing but lib/ (allocator.h says why).
 */
#ifndef SYNOS_BENCH_TRACE_DECODE_H
#define SYNOS_BENCH_TRACE_DECODE_H

#include <stddef.h>
#include <stdint.h>

enum {
    TRACE_BYTES_MAX = 16 << 20,      /* of a trace's file */
    TRACE_ALLOCATIONS_MAX = 2 << 20, /* events are at most twice that */
    TRACE_SIZE_MAX = 1 << 30,        /* bytes of one allocation */
    TRACE_THREADS_MAX = 65536,
    TRACE_HEADER_MAX = 4096,
    TRACE_NAME_MAX = 24, /* with its NUL: it becomes a label */
};

/* Allocates `bytes` into the slot, or frees what is in it (bytes 0). */
struct trace_event {
    uint32_t bytes, slot;
};

/* Every slot is empty before the first event and after the last: what lives when a trace ends is freed there.
 */
struct trace {
    struct trace_event *events;
    size_t event_count;
    size_t allocations; /* half of the events */
    size_t slots;       /* numbers of slots, from 0: most blocks that live at once */
    size_t peak;        /* most bytes that live at once, as asked for */
    size_t pool_sized;  /* allocations of 64 B to 8 KiB */
    size_t threads;
    char name[TRACE_NAME_MAX];
};

/* What is wrong, and at which byte. */
struct trace_fault {
    const char *what; /* NULL: nothing */
    size_t at;
};

/* Looks at all of a trace but whom its frees mean; `memory` is what trace_decode() will need, in bytes. */
struct trace_fault trace_measure(const void *data, size_t length, size_t *memory);

/* Decodes what trace_measure() let pass into `memory` (aligned to 8), in which its events stay. */
struct trace_fault trace_decode(const void *data, size_t length, void *memory, struct trace *out);

/*
 * Several traces at once, an event of each in turn, as tenants of one machine would have it; slots are told
 * apart. trace_mix() wants so many bytes of memory, aligned to 8, in which its events stay.
 */
size_t trace_mix_memory(const struct trace *traces, size_t count);
void trace_mix(const struct trace *traces, size_t count, void *memory, struct trace *out);

#endif
