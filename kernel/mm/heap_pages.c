/* Pages of the heap: frames put behind its addresses and taken away, for the arena and for its descriptors.
 */
#include <synos/string.h>
#include <synos/vm.h>
#include "commit.h"
#include "heap_pages.h"

/* Takes consecutive frames, `count` at most, the first of them *other when that is not 0. Returns how many;
 * one that was taken and does not fit on goes to *other. */
static size_t take_frames(size_t count, uint64_t *first, uint64_t *other)
{
    size_t taken = 1;

    *first = *other != 0 ? *other : commit_frame();
    *other = 0;
    if (*first == 0) return 0;
    while (taken < count) {
        const uint64_t next = commit_frame();

        if (next != *first + taken * PAGE_SIZE) {
            *other = next;
            break;
        }
        taken++;
    }
    return taken;
}

/* Maps `count` frames from `first`, or gives them back; notes their numbers. */
static bool map_frames(char *base, uint64_t first, size_t count, uint32_t *numbers)
{
    const bool mapped = vm_map(base, first, count, VM_READ | VM_WRITE) == 0;

    for (size_t i = 0; i < count; i++) {
        if (!mapped)
            uncommit_frame(first + i * PAGE_SIZE);
        else if (numbers)
            numbers[i] = (uint32_t)((first >> PAGE_SHIFT) + i);
    }
    return mapped;
}

/* Puts memory behind the first of `count` pages; returns behind how many. Frames that follow each other are
 * mapped at once. */
static size_t map_pages(char *base, size_t count, uint32_t *numbers)
{
    uint64_t first, other = 0;
    size_t mapped = 0;

    while (mapped < count) {
        const size_t run = take_frames(count - mapped, &first, &other);

        if (run == 0 || !map_frames(base + mapped * PAGE_SIZE, first, run, numbers ? numbers + mapped : NULL))
            break;
        mapped += run;
    }
    if (other != 0) uncommit_frame(other);
    return mapped;
}

/* Makes a list of the heap's at least `bytes` long, zeroed. */
static bool extend_list(void *list, size_t *length, size_t bytes)
{
    while (*length < bytes) {
        if (map_pages((char *)list + *length, 1, NULL) == 0) return false;
        memset((char *)list + *length, 0, PAGE_SIZE);
        *length += PAGE_SIZE;
    }
    return true;
}

static size_t list_pages(size_t bytes, size_t length)
{
    return bytes > length ? (bytes - length + PAGE_SIZE - 1) / PAGE_SIZE : 0;
}

size_t heap_undescribed(uint32_t end)
{
    return list_pages(end * sizeof(struct heap_run), heap.table_bytes) +
           list_pages(end / HEAP_PAGE_UNITS * sizeof(uint32_t), heap.frames_bytes);
}

bool heap_describe(uint32_t end)
{
    return extend_list(heap_table(), &heap.table_bytes, end * sizeof(struct heap_run)) &&
           extend_list(heap_frames(), &heap.frames_bytes, end / HEAP_PAGE_UNITS * sizeof(uint32_t));
}

void heap_uncommit(uint32_t start, uint32_t units)
{
    uint32_t *numbers = &heap_frames()[start / HEAP_PAGE_UNITS];
    const size_t pages = units / HEAP_PAGE_UNITS;

    vm_unmap(heap_address(start), pages);
    for (size_t i = 0; i < pages; i++) {
        uncommit_frame((uint64_t)numbers[i] << PAGE_SHIFT);
        numbers[i] = 0;
    }
    heap.committed -= pages * PAGE_SIZE;
}

bool heap_commit(uint32_t start, uint32_t units)
{
    const size_t pages = units / HEAP_PAGE_UNITS;
    const size_t mapped = map_pages(heap_address(start), pages, &heap_frames()[start / HEAP_PAGE_UNITS]);
    heap.committed += mapped * PAGE_SIZE;
    if (mapped < pages && mapped > 0) heap_uncommit(start, (uint32_t)mapped * HEAP_PAGE_UNITS);
    return mapped == pages;
}
