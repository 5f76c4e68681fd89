/* Reads traces: first the grammar of all of it, then, with memory for that many events, what its frees mean.
 */
#include "trace_decode.h"

#include <stdbool.h>
#include <synos/string.h>

enum { DEAD = 0xffffffff, POOL_SMALLEST_SIZE = 64, POOL_LARGEST_SIZE = 8192 };

struct reader {
    const unsigned char *data;
    size_t length, at;
    const char *wrong;
};

struct raw_event {
    uint64_t value; /* bytes or age */
    uint32_t thread;
    bool is_free;
};

/* A number that is cut off or needs more than 64 bits is wrong. */
static uint64_t read_number(struct reader *reader)
{
    uint64_t value = 0;

    for (unsigned shift = 0; reader->at < reader->length; shift += 7) {
        const unsigned char byte = reader->data[reader->at++];

        if (shift == 63 && byte > 1) break;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return value;
    }
    reader->wrong = reader->at == reader->length ? "a number is cut off" : "a number is longer than 64 bits";
    return 0;
}

static void skip_header(struct reader *reader)
{
    static const char start[] = "AT1 {";
    const size_t most = reader->length < TRACE_HEADER_MAX ? reader->length : TRACE_HEADER_MAX;

    if (reader->length < sizeof(start) - 1 || memcmp(reader->data, start, sizeof(start) - 1) != 0) {
        reader->wrong = "it does not begin with `AT1 {`";
        return;
    }
    while (reader->at < most && reader->data[reader->at] != '\n') reader->at++;
    if (reader->at == most || reader->data[reader->at - 1] != '}')
        reader->wrong = "its first line is not closed by `}` and an end of line";
    reader->at++;
}

/* The next event, and whether there was one that may stand after `allocations` others. */
static bool read_event(struct reader *reader, size_t allocations, struct raw_event *out)
{
    if (reader->wrong || reader->at == reader->length) return false;
    const size_t start = reader->at;
    const uint64_t number = read_number(reader);
    const uint64_t thread = reader->wrong ? 0 : read_number(reader);

    *out = (struct raw_event){number >> 1, (uint32_t)thread, number & 1};
    if (reader->wrong) return false;
    if (thread >= TRACE_THREADS_MAX)
        reader->wrong = "a thread has a number beyond 65535";
    else if (out->is_free && (out->value == 0 || out->value > allocations))
        reader->wrong = "a free is older than every allocation, or of age 0";
    else if (!out->is_free && out->value == 0)
        reader->wrong = "an allocation is of no bytes";
    else if (!out->is_free && out->value > TRACE_SIZE_MAX)
        reader->wrong = "an allocation is larger than 1 GiB";
    else if (!out->is_free && allocations == TRACE_ALLOCATIONS_MAX)
        reader->wrong = "there are more than 2 Mi allocations";
    if (reader->wrong) reader->at = start;
    return !reader->wrong;
}

static struct reader open(const void *data, size_t length)
{
    struct reader reader = {data, length, 0, NULL};

    if (length > TRACE_BYTES_MAX)
        reader.wrong = "it is larger than 16 MiB";
    else
        skip_header(&reader);
    return reader;
}

struct trace_fault trace_measure(const void *data, size_t length, size_t *memory)
{
    struct reader reader = open(data, length);
    struct raw_event event;
    size_t allocations = 0;

    while (read_event(&reader, allocations, &event)) allocations += !event.is_free;
    if (!reader.wrong && allocations == 0) reader.wrong = "it holds no allocation";
    *memory = allocations * (2 * sizeof(struct trace_event) + 2 * sizeof(uint32_t));
    return (struct trace_fault){reader.wrong, reader.at};
}

/* Behind the events: the slot of each allocation, DEAD when it is gone; and, by slot, the bytes of what lives
 * there or the next slot that is free. */
struct tables {
    uint32_t *slot_of, *bytes_in;
    uint32_t free_slot; /* DEAD: none, the next one is new */
    size_t live;        /* bytes */
};

static void append(struct trace *trace, uint32_t bytes, uint32_t slot)
{
    trace->events[trace->event_count++] = (struct trace_event){bytes, slot};
}

static void take(struct trace *trace, struct tables *tables, uint32_t bytes)
{
    uint32_t slot = tables->free_slot;

    if (slot == DEAD)
        slot = (uint32_t)trace->slots++;
    else
        tables->free_slot = tables->bytes_in[slot];
    tables->bytes_in[slot] = bytes;
    tables->slot_of[trace->allocations++] = slot;
    tables->live += bytes;
    if (tables->live > trace->peak) trace->peak = tables->live;
    trace->pool_sized += bytes >= POOL_SMALLEST_SIZE && bytes <= POOL_LARGEST_SIZE;
    append(trace, bytes, slot);
}

/* False when that allocation is gone already. */
static bool give(struct trace *trace, struct tables *tables, size_t allocation)
{
    const uint32_t slot = tables->slot_of[allocation];

    if (slot == DEAD) return false;
    tables->slot_of[allocation] = DEAD;
    tables->live -= tables->bytes_in[slot];
    tables->bytes_in[slot] = tables->free_slot;
    tables->free_slot = slot;
    append(trace, 0, slot);
    return true;
}

struct trace_fault trace_decode(const void *data, size_t length, void *memory, struct trace *out)
{
    struct reader reader = open(data, length);
    struct raw_event event;
    size_t allocations = 0, at = reader.at;

    while (read_event(&reader, allocations, &event)) allocations += !event.is_free;
    *out = (struct trace){.events = memory};
    struct tables tables = {(uint32_t *)(out->events + 2 * allocations), NULL, DEAD, 0};
    tables.bytes_in = tables.slot_of + allocations;
    for (reader.at = at; read_event(&reader, out->allocations, &event); at = reader.at) {
        if (event.thread >= out->threads) out->threads = event.thread + 1;
        if (!event.is_free)
            take(out, &tables, (uint32_t)event.value);
        else if (!give(out, &tables, out->allocations - event.value))
            return (struct trace_fault){"a free is of an allocation that was freed before", at};
    }
    for (size_t i = 0; i < allocations; i++) give(out, &tables, i);
    return (struct trace_fault){NULL, 0};
}
