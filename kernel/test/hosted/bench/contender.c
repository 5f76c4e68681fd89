/*
 * A foreign allocator is preloaded, so that it serves its whole process as it would in earnest: nothing of
 * glibc's malloc is left beside it, and nothing of the others. Each is asked for a symbol that only it has,
 * since the loader goes on without a library that it does not find, and glibc would be measured under its
 * name.
 *
 * All are called in the same way, through pointers to the functions themselves; ours, too, which in a kernel
 * would be a direct call.
 */
#define _GNU_SOURCE
#include "contender.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <synos/alloc.h>
#include "machine.h"

const struct contender_name contender_names[CONTENDERS] = {
    {"synos", NULL, NULL},
    {"glibc", NULL, "gnu_get_libc_version"},
    {"mimalloc", "libmimalloc.so.2", "mi_version"},
    {"jemalloc", "libjemalloc.so.2", "mallctl"},
    {"tcmalloc", "libtcmalloc_minimal.so.4", "tc_version"},
};

/* kmalloc's blocks are aligned to 64 bytes anyway: nothing that is measured calls this. */
static void *aligned_enough(size_t alignment, size_t bytes)
{
    return alignment <= 64 ? kmalloc(bytes) : NULL;
}

/* Of the libraries alone: the program's own `malloc` is a jump to the real one. */
static void *library_symbol(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

bool contender_bind(unsigned index, struct contender *contender)
{
    const struct contender_name *name = &contender_names[index];

    if (index == OURS) {
        machine_init();
        *contender = (struct contender){kmalloc, aligned_enough, kfree};
        return true;
    }
    Dl_info of_malloc, of_symbol;
    void *symbol = library_symbol(name->symbol);
    *contender =
        (struct contender){library_symbol("malloc"), library_symbol("aligned_alloc"), library_symbol("free")};
    return symbol && dladdr(symbol, &of_symbol) != 0 && dladdr((void *)contender->plain, &of_malloc) != 0 &&
           of_malloc.dli_fbase == of_symbol.dli_fbase;
}

static void describe_version(unsigned index, char *version, size_t bytes)
{
    const char *name = contender_names[index].name;
    void *symbol = contender_names[index].symbol ? library_symbol(contender_names[index].symbol) : NULL;

    if (strcmp(name, "glibc") == 0) {
        snprintf(version, bytes, "%s", ((const char *(*)(void))symbol)());
    } else if (strcmp(name, "mimalloc") == 0) {
        const int number = ((int (*)(void))symbol)();
        snprintf(version, bytes, "%d.%d.%d", number / 100, number / 10 % 10, number % 10);
    } else if (strcmp(name, "jemalloc") == 0) {
        const char *text = "";
        size_t length = sizeof(text);
        ((int (*)(const char *, void *, size_t *, void *, size_t))symbol)("version", &text, &length, NULL, 0);
        snprintf(version, bytes, "%.*s", (int)strcspn(text, "-"), text);
    } else if (strcmp(name, "tcmalloc") == 0) {
        snprintf(version, bytes, "%s",
                 ((const char *(*)(int *, int *, const char **))symbol)(NULL, NULL, NULL));
    } else {
        version[0] = '\0';
    }
}

void contender_describe(unsigned index, char *library, size_t library_bytes, char *version,
                        size_t version_bytes)
{
    Dl_info info;

    library[0] = '\0';
    if (index != OURS && dladdr(library_symbol("malloc"), &info) != 0)
        snprintf(library, library_bytes, "%s", info.dli_fname);
    describe_version(index, version, version_bytes);
}
