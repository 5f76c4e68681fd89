/*
 * The tests' machine (../shim.c) has a memory file behind its windows, so that a frame can be seen at many
 * addresses, and a system call for each page mapped. Nothing timed needs that: here the windows are private
 * memory from the start, in pages of 4 KiB as the kernel has them, and mapping a page is writing down its
 * frame. What a process pays instead is the first touch of a page.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <synos/frame.h>
#include <synos/heap.h>
#include <synos/layout.h>
#include <synos/panic.h>
#include <synos/pool.h>
#include <synos/vm.h>
#include "../shim.h"
#include "machine.h"

#define RAM_BYTES (2ull << 30)

static void take_window(uint64_t base, size_t bytes)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;

    if (mmap((void *)base, bytes, PROT_READ | PROT_WRITE, flags, -1, 0) != (void *)base ||
        madvise((void *)base, bytes, MADV_NOHUGEPAGE) != 0) {
        perror("take a window");
        exit(70);
    }
}

void machine_init(void)
{
    const struct mem_region map[] = {{0, RAM_BYTES, MEM_RAM}};
    const struct mem_region reserved[] = {{0, 1 << 20, MEM_RESERVED}};

    take_window(DIRECT_MAP_BASE, RAM_BYTES);
    take_window(POOL_BASE, 2 * POOL_SIZE);
    take_window(HEAP_BASE, HEAP_SIZE);
    shim_enter_cpu(0);
    frame_init(map, 1, reserved, 1);
    pool_init();
    heap_init();
}

void machine_enter_cpu(unsigned index, unsigned cpus)
{
    shim_enter_cpu(index);
    pool_start_cpu(cpus);
}

int vm_map(void *virt, uint64_t phys, size_t pages, unsigned prot)
{
    (void)prot;
    shim_note_frames(virt, phys, pages);
    return 0;
}

void vm_unmap(void *virt, size_t pages)
{
    madvise(virt, pages * PAGE_SIZE, MADV_DONTNEED);
    shim_forget_frames(virt, pages);
}

void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("PANIC: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(70);
}
