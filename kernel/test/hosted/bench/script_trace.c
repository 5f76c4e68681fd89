/* AT1 traces, read by the kernel's own decoder. Threads are left out of the account: all steps are run by
 * one, in the order in which they happened, and what lives at the end is freed there. */
#include "script.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../../../bench/trace_decode.h"

static void take_over(struct script *script, const struct trace *trace)
{
    script_start(script, (uint32_t)trace->event_count);
    for (size_t i = 0; i < trace->event_count; i++)
        script->ops[i] = (struct op){.slot = trace->events[i].slot, .bytes = trace->events[i].bytes};
    script->count = (uint32_t)trace->event_count;
    script->pairs = (uint32_t)trace->allocations;
    script->slots = (uint32_t)trace->slots;
    script->peak_live = trace->peak;
}

static const char *decode(struct script *script, const void *bytes, size_t length)
{
    static char sentence[128];
    struct trace trace;
    size_t memory_bytes = 0;
    struct trace_fault fault = trace_measure(bytes, length, &memory_bytes);

    if (!fault.what) {
        void *memory = script_memory(memory_bytes);

        fault = trace_decode(bytes, length, memory, &trace);
        if (!fault.what) take_over(script, &trace);
        munmap(memory, memory_bytes);
    }
    if (!fault.what) return NULL;
    snprintf(sentence, sizeof(sentence), "is no AT1 trace: byte %zu: %s", fault.at, fault.what);
    return sentence;
}

const char *script_trace(struct script *script, const char *file)
{
    const int opened = open(file, O_RDONLY | O_CLOEXEC);
    struct stat status;

    if (opened < 0 || fstat(opened, &status) != 0) return "cannot be opened";
    if (status.st_size == 0) return "is empty";
    void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, opened, 0);
    close(opened);
    if (bytes == MAP_FAILED) return "cannot be read";
    const char *wrong = decode(script, bytes, (size_t)status.st_size);
    munmap(bytes, (size_t)status.st_size);
    return wrong;
}
