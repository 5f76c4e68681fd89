/*
 * RAM is a memory file: mapped whole as the direct map, and page by page by vm_map, so that one frame can be
 * seen at many addresses as with real page tables. The windows are reserved without access: a touch of what
 * was never mapped kills the test.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <synos/errors.h>
#include <synos/frame.h>
#include <synos/layout.h>
#include <synos/panic.h>
#include <synos/uart.h>
#include <synos/vm.h>
#include "shim.h"

#define RAM_BYTES ((size_t)SHIM_RAM_MIB << 20)

static int ram;
static uint64_t maps_left = UINT64_MAX;
static void (*unmap_hook)(void);
static const char *expected_panic;
jmp_buf shim_panicked;

static void must(bool held, const char *what)
{
    if (held) return;
    perror(what);
    exit(70);
}

static void reserve(uint64_t base, size_t bytes)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;

    must(mmap((void *)base, bytes, PROT_NONE, flags, -1, 0) == (void *)base, "reserve a window");
}

void shim_init(void)
{
    ram = memfd_create("ram", 0);
    must(ram >= 0 && ftruncate(ram, (off_t)RAM_BYTES) == 0, "create the RAM");
    void *direct = mmap((void *)DIRECT_MAP_BASE, RAM_BYTES, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_FIXED_NOREPLACE, ram, 0);
    must(direct == (void *)DIRECT_MAP_BASE, "map the RAM");
    reserve(POOL_BASE, 2 * POOL_SIZE);
    reserve(HEAP_BASE, HEAP_SIZE);
    shim_enter_cpu(0);
    shim_init_frames();
}

void shim_init_frames(void)
{
    const struct mem_region map[] = {{0, RAM_BYTES, MEM_RAM}};
    const struct mem_region reserved[] = {{0, 1 << 20, MEM_RESERVED}};

    frame_init(map, 1, reserved, 1);
}

void shim_fail_maps_after(uint64_t maps)
{
    maps_left = maps;
}

void shim_on_unmap(void (*hook)(void))
{
    unmap_hook = hook;
}

int vm_map(void *virt, uint64_t phys, size_t pages, unsigned prot)
{
    const int access = PROT_READ | (prot & VM_WRITE ? PROT_WRITE : 0);

    if (maps_left < pages) return ERR_NO_MEMORY;
    if (maps_left != UINT64_MAX) maps_left -= pages;
    if (((uintptr_t)virt | phys) % PAGE_SIZE != 0) return ERR_INVALID;
    must(mmap(virt, pages * PAGE_SIZE, access, MAP_SHARED | MAP_FIXED, ram, (off_t)phys) == virt, "vm_map");
    shim_note_frames(virt, phys, pages);
    return 0;
}

void vm_unmap(void *virt, size_t pages)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;

    if (unmap_hook) unmap_hook();
    must(mmap(virt, pages * PAGE_SIZE, PROT_NONE, flags, -1, 0) == virt, "vm_unmap");
    shim_forget_frames(virt, pages);
}

void uart_write(const char *bytes, size_t length)
{
    fwrite(bytes, 1, length, stdout);
}

void shim_expect_panic(const char *text)
{
    expected_panic = text;
}

bool shim_no_panic(void)
{
    expected_panic = NULL;
    return false;
}

static bool contains(const char *text, const char *part)
{
    size_t i = 0;

    while (part[i] != '\0' && text[i] == part[i]) i++;
    return part[i] == '\0' || (*text != '\0' && contains(text + 1, part));
}

void panic(const char *format, ...)
{
    char reason[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    const bool expected = expected_panic && contains(reason, expected_panic);
    expected_panic = NULL;
    if (expected) longjmp(shim_panicked, 1);
    printf("Bail out! PANIC: %s\n", reason);
    fflush(stdout);
    abort();
}
