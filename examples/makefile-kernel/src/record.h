/*
 * Records: framed, checked lines of JSON that a kernel prints on its serial port among any other text.
 *
 * This one file is all that a kernel needs: C99 or C++, freestanding, no memory but the struct that you hand
 * in, and one function of yours that sends bytes. Specification with test vectors: docs/records.md.
 *
 *     static struct synos_records records;
 *     synos_records_init_putc(&records, serial_putc);
 *     synos_record_hello(&records, "mykernel", build_id, 1, tsc_khz, command_line);     always first
 *     synos_record_note(&records, "it lives");
 *     synos_record_end(&records);                                                       always last
 *
 * A frame is `\x1e@<seq> <len> <json> <crc32>\n`; the CRC covers `<seq> <len> <json>`. A record whose JSON
 * does not fit goes out as a note that says so: readers see the loss instead of a gap. Not reentrant: hold a
 * lock from begin to send.
 */
#ifndef SYNOS_RECORD_H
#define SYNOS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYNOS_RECORD_SCHEMA 1

/* Bytes of JSON that a frame can hold; define it before the include to change it. */
#ifndef SYNOS_RECORD_MAX
#define SYNOS_RECORD_MAX 2048
#endif

/* The JSON is built behind a gap that later takes `\x1e@<seq> <len> `: a frame is one run of bytes. */
enum { SYNOS_RECORD_HEAD = 24, SYNOS_RECORD_TAIL = sizeof("} 01234567\n") - 1 };

struct synos_label {
    const char *key, *value;
};

struct synos_records {
    void (*write)(void *context, const char *bytes,
                  size_t length); /* one call a frame; or NULL and putc is used */
    void *context;
    void (*putc)(char byte);
    uint32_t sequence; /* of the next frame */
    uint32_t rolling;  /* CRC over `<seq> <len> <json>` of all frames so far */
    size_t length;     /* bytes of JSON so far */
    bool overflow, first;
    char frame[SYNOS_RECORD_HEAD + SYNOS_RECORD_MAX + SYNOS_RECORD_TAIL];
};

/* What a bench or stat record says; `value` is the median of `samples`. Without samples it is a plain figure
 * (bytes, percent, ...). */
struct synos_figure {
    const char *suite, *name, *metric, *unit;
    uint64_t value, iterations;
    const uint64_t *samples;
    size_t sample_count;
    const struct synos_label *labels;
    size_t label_count;
};

static inline void synos_records_init(struct synos_records *records,
                                      void (*write)(void *, const char *, size_t), void *context)
{
    records->write = write;
    records->context = context;
    records->putc = NULL;
    records->sequence = 0;
    records->rolling = 0;
    records->length = 0;
    records->overflow = false;
    records->first = true;
}

static inline void synos_records_init_putc(struct synos_records *records, void (*putc)(char))
{
    synos_records_init(records, NULL, NULL);
    records->putc = putc;
}

/* CRC-32 of IEEE 802.3, one bit a step: short before fast, since a serial port is slower than any CRC. */
static inline uint32_t synos_record_crc(uint32_t crc, const char *bytes, size_t length)
{
    crc = ~crc;
    for (size_t i = 0; i < length; i++) {
        crc ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
    }
    return ~crc;
}

static inline void synos_record_raw(struct synos_records *records, char byte)
{
    if (records->length < SYNOS_RECORD_MAX)
        records->frame[SYNOS_RECORD_HEAD + records->length++] = byte;
    else
        records->overflow = true;
}

static inline void synos_record_raw_text(struct synos_records *records, const char *text)
{
    while (*text != '\0') synos_record_raw(records, *text++);
}

static inline void synos_record_hex(struct synos_records *records, uint32_t value, int digits)
{
    while (digits-- > 0) synos_record_raw(records, "0123456789abcdef"[(value >> (4 * digits)) & 15]);
}

static inline void synos_record_decimal(struct synos_records *records, uint64_t value)
{
    char digits[20];
    int count = 0;

    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (count > 0) synos_record_raw(records, digits[--count]);
}

/* A JSON string of printable ASCII: everything else (taken as Latin-1) is escaped, so that a frame never
 * holds a control byte. */
static inline void synos_record_string(struct synos_records *records, const char *text)
{
    synos_record_raw(records, '"');
    for (; text != NULL && *text != '\0'; text++) {
        const unsigned char byte = (unsigned char)*text;

        if (byte < 0x20 || byte > 0x7e) {
            synos_record_raw_text(records, "\\u");
            synos_record_hex(records, byte, 4);
        } else {
            if (byte == '"' || byte == '\\') synos_record_raw(records, '\\');
            synos_record_raw(records, (char)byte);
        }
    }
    synos_record_raw(records, '"');
}

static inline void synos_record_key(struct synos_records *records, const char *key)
{
    synos_record_raw(records, records->first ? '{' : ',');
    records->first = false;
    synos_record_string(records, key);
    synos_record_raw(records, ':');
}

/* Members of the record, in the order in which they shall appear. */
static inline void synos_record_text(struct synos_records *records, const char *key, const char *value)
{
    synos_record_key(records, key);
    synos_record_string(records, value);
}

static inline void synos_record_number(struct synos_records *records, const char *key, uint64_t value)
{
    synos_record_key(records, key);
    synos_record_decimal(records, value);
}

static inline void synos_record_numbers(struct synos_records *records, const char *key,
                                        const uint64_t *values, size_t count)
{
    synos_record_key(records, key);
    synos_record_raw(records, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) synos_record_raw(records, ',');
        synos_record_decimal(records, values[i]);
    }
    synos_record_raw(records, ']');
}

static inline void synos_record_labels(struct synos_records *records, const struct synos_label *labels,
                                       size_t count)
{
    if (count == 0) return;
    synos_record_key(records, "labels");
    records->first = true;
    for (size_t i = 0; i < count; i++) synos_record_text(records, labels[i].key, labels[i].value);
    synos_record_raw(records, '}');
    records->first = false;
}

/* Starts a record of this kind; send it before the next begin. */
static inline void synos_record_begin(struct synos_records *records, const char *kind)
{
    records->length = 0;
    records->overflow = false;
    records->first = true;
    synos_record_text(records, "kind", kind);
}

static inline size_t synos_record_put_back(char *end, uint64_t value)
{
    size_t digits = 0;

    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
        digits++;
    } while (value > 0);
    return digits;
}

static inline void synos_record_transmit(struct synos_records *records, const char *bytes, size_t length)
{
    if (records->write != NULL) {
        records->write(records->context, bytes, length);
        return;
    }
    for (size_t i = 0; i < length; i++) records->putc(bytes[i]);
}

/* Closes the record, numbers and checks it, and hands the frame over in one piece. */
static inline void synos_record_send(struct synos_records *records)
{
    if (records->overflow) {
        synos_record_begin(records, "note");
        synos_record_text(records, "text", "a record was too long and is lost");
    }
    records->frame[SYNOS_RECORD_HEAD + records->length++] =
        '}'; /* the tail has room for it when the JSON is full */

    char *payload = records->frame + SYNOS_RECORD_HEAD, *tail = payload + records->length;
    *--payload = ' ';
    payload -= synos_record_put_back(payload, records->length);
    *--payload = ' ';
    payload -= synos_record_put_back(payload, records->sequence++);

    const size_t length = (size_t)(tail - payload);
    const uint32_t crc = synos_record_crc(0, payload, length);
    records->rolling = synos_record_crc(records->rolling, payload, length);
    *tail++ = ' ';
    for (int shift = 28; shift >= 0; shift -= 4) *tail++ = "0123456789abcdef"[(crc >> shift) & 15];
    *tail++ = '\n';
    *--payload = '@';
    *--payload = '\x1e';
    synos_record_transmit(records, payload, (size_t)(tail - payload));
}

/* The first record. Without it nobody knows who speaks: a command line that does not fit is left out rather
 * than the record. */
static inline void synos_record_hello(struct synos_records *records, const char *kernel, const char *build,
                                      unsigned cpus, uint64_t tsc_khz, const char *cmdline)
{
    synos_record_begin(records, "hello");
    synos_record_number(records, "schema", SYNOS_RECORD_SCHEMA);
    synos_record_text(records, "kernel", kernel);
    synos_record_text(records, "build", build);
    synos_record_number(records, "cpus", cpus);
    synos_record_number(records, "tsc_khz", tsc_khz);
    const size_t length = records->length;
    synos_record_text(records, "cmdline", cmdline);
    if (records->overflow) {
        records->length = length;
        records->overflow = false;
        synos_record_text(records, "cmdline", "");
    }
    synos_record_send(records);
}

/* `kind` is "bench" for a measurement, "stat" for the reading of a counter. */
static inline void synos_record_figure(struct synos_records *records, const char *kind,
                                       const struct synos_figure *figure)
{
    synos_record_begin(records, kind);
    synos_record_text(records, "suite", figure->suite);
    synos_record_text(records, "name", figure->name);
    synos_record_text(records, "metric", figure->metric);
    synos_record_text(records, "unit", figure->unit);
    synos_record_number(records, "value", figure->value);
    if (figure->iterations > 0) synos_record_number(records, "iterations", figure->iterations);
    if (figure->sample_count > 0)
        synos_record_numbers(records, "samples", figure->samples, figure->sample_count);
    synos_record_labels(records, figure->labels, figure->label_count);
    synos_record_send(records);
}

static inline void synos_record_note(struct synos_records *records, const char *text)
{
    synos_record_begin(records, "note");
    synos_record_text(records, "text", text);
    synos_record_send(records);
}

/* The last record: how many came before it, and the CRC over all of them. Without it a run is incomplete. */
static inline void synos_record_end(struct synos_records *records)
{
    const uint32_t before = records->sequence, crc = records->rolling;

    synos_record_begin(records, "end");
    synos_record_number(records, "records", before);
    synos_record_key(records, "crc");
    synos_record_raw(records, '"');
    synos_record_hex(records, crc, 8);
    synos_record_raw(records, '"');
    synos_record_send(records);
}

#endif
