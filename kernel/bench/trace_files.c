/* Finds the traces: in boot modules, and in a file of the fw_cfg device. */
#include "trace_files.h"

#include <synos/fwcfg.h>
#include <synos/layout.h>
#include <synos/trace.h>
#include <synos/vm.h>
#include "archive.h"
#include "front.h"
#include "trace_decode.h"

enum { FWCFG_BYTES_MAX = (TRACE_FILES_MAX * TRACE_BYTES_MAX) };

static const char fwcfg_name[] = "opt/synos/trace";

static struct trace_file offered[BOOT_MODULES_MAX + 1];
static size_t offered_count;

static void offer(const char *name, const void *data, size_t length)
{
    if (length > 0) offered[offered_count++] = (struct trace_file){name, data, length};
}

void trace_collect(const struct bootinfo *boot)
{
    offered_count = 0;
    for (size_t i = 0; i < boot->module_count; i++) {
        const struct boot_module *module = &boot->modules[i];

        offer(module->name[0] ? module->name : "trace", phys_to_virt(module->base), module->length);
    }
    const int length = fwcfg_length(fwcfg_name);
    if (length <= 0 || length > FWCFG_BYTES_MAX) return;
    char *data = bench_memory_take((size_t)length + 1);
    if (data && fwcfg_read(fwcfg_name, data, (size_t)length + 1) == length)
        offer("trace", data, (size_t)length);
}

static const char *unpack(const struct trace_file *packed, struct trace_file *out, size_t *count)
{
    struct archive archive = {packed->data, packed->length, 0, NULL};
    struct archive_file file;

    while (archive_next(&archive, &file)) {
        if (*count == TRACE_FILES_MAX) return "there are more than 16 traces";
        out[(*count)++] = (struct trace_file){file.name, file.data, file.length};
    }
    return archive.wrong;
}

size_t trace_files(struct trace_file *out, const char **wrong)
{
    size_t count = 0;

    *wrong = NULL;
    for (size_t i = 0; i < offered_count && !*wrong; i++) {
        if (archive_is(offered[i].data, offered[i].length))
            *wrong = unpack(&offered[i], out, &count);
        else if (count == TRACE_FILES_MAX)
            *wrong = "there are more than 16 traces";
        else
            out[count++] = offered[i];
    }
    return count;
}
