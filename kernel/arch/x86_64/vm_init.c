/* Builds the kernel's own address space from the memory map, and owns the frames it needs for that. */
#include "paging.h"

#include <stdbool.h>
#include <synos/cpu.h>
#include <synos/layout.h>
#include <synos/panic.h>
#include <synos/percpu.h>
#include <synos/spinlock.h>
#include <synos/string.h>
#include <synos/vm.h>

/* vm_init takes its own frames below this: boot/start.S maps them for certain. */
#define BOOT_MAPPED        (1ull << 30)
#define FIRST_STACKS_PAGES 96 /* main stack and three interrupt stacks, with their tables */
#define FIRST_SLOT_PAGES   (PERCPU_BYTES / PAGE_SIZE + 3) /* the boot CPU's, with its tables */
#define TABLES_A_REGION    8 /* two edges of a region, each with a directory and a table; and one root part */
#define LARGE_TABLE_SPAN   (1ull << 30)

/* Frames that belong to vm_init until the frame allocator works: [next, end) are still free. */
static struct {
    struct spinlock lock;
    uint64_t base, next, end;
} window;

static uint64_t (*frame_source)(size_t pages);

static void place_window(const struct bootinfo *info);
static void map_image(void);
static void map_memory(const struct mem_region *region);

void vm_init(const struct bootinfo *info)
{
    cpu_protect();
    place_window(info);
    paging_root = phys_to_virt(paging_take_frame());
    map_image();
    for (size_t i = 0; i < info->region_count; i++)
        if (info->regions[i].type == MEM_RAM) map_memory(&info->regions[i]);
    write_cr3(virt_to_phys(paging_root));
    write_cr4(read_cr4() | (1ull << 7)); /* PGE only now: boot's pages were not global and went with CR3 */
}

void vm_reserved(uint64_t *base, uint64_t *length)
{
    *base = window.base;
    *length = window.end - window.base;
}

void vm_set_frame_source(uint64_t (*source)(size_t pages))
{
    frame_source = source;
}

static uint64_t take_from_window(void)
{
    uint64_t frame = 0;
    uint64_t flags = spin_lock(&window.lock);
    if (window.next < window.end) {
        frame = window.next;
        window.next += PAGE_SIZE;
    }
    spin_unlock(&window.lock, flags);
    return frame;
}

uint64_t paging_take_frame(void)
{
    uint64_t frame = take_from_window();
    if (frame == 0 && frame_source != NULL) frame = frame_source(1);
    if (frame != 0) memset(phys_to_virt(frame), 0, PAGE_SIZE);
    return frame;
}

static uint64_t pages_needed(const struct bootinfo *info)
{
    uint64_t pages =
        FIRST_STACKS_PAGES + FIRST_SLOT_PAGES + (virt_to_phys(image_end) >> 21) + TABLES_A_REGION;
    for (size_t i = 0; i < info->region_count; i++)
        if (info->regions[i].type == MEM_RAM)
            pages += TABLES_A_REGION + info->regions[i].length / LARGE_TABLE_SPAN;
    return pages;
}

static bool overlaps(uint64_t base, uint64_t end, uint64_t other_base, uint64_t other_length)
{
    return base < other_base + other_length && other_base < end;
}

/* The lowest place behind `from` that no module covers. */
static uint64_t step_over_modules(const struct bootinfo *info, uint64_t from, uint64_t bytes)
{
    for (size_t i = 0; i < info->module_count; i++) {
        const struct boot_module *module = &info->modules[i];
        if (overlaps(from, from + bytes, module->base, module->length)) {
            from = (module->base + module->length + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
            i = (size_t)-1; /* start over: modules come in any order */
        }
    }
    return from;
}

/* Right behind the image where RAM allows, so that one stretch of low memory holds all that lives for ever.
 */
static void place_window(const struct bootinfo *info)
{
    uint64_t bytes = pages_needed(info) * PAGE_SIZE;
    for (size_t i = 0; i < info->region_count; i++) {
        const struct mem_region *region = &info->regions[i];
        uint64_t from = (region->base + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
        if (from < virt_to_phys(image_end)) from = virt_to_phys(image_end);
        from = step_over_modules(info, from, bytes);
        uint64_t end = region->base + region->length;
        if (region->type == MEM_RAM && from + bytes <= end && from + bytes <= BOOT_MAPPED) {
            window.base = window.next = from;
            window.end = from + bytes;
            return;
        }
    }
    panic("no %llu KiB of RAM below 1 GiB for page tables", (unsigned long long)(bytes >> 10));
}

/* Maps [phys, end) at virt with 2 MiB pages where both sides allow. Running out of frames here ends the boot.
 */
static void map_range(uint64_t virt, uint64_t phys, uint64_t end, unsigned prot)
{
    uint64_t bits = paging_bits(prot);
    while (phys < end) {
        bool large = (virt | phys) % LARGE_PAGE_SIZE == 0 && end - phys >= LARGE_PAGE_SIZE;
        uint64_t *entry = paging_entry(virt, large ? LEVEL_LARGE : LEVEL_PAGE, true);
        if (entry == NULL) panic("no frame for the page tables of %p", (void *)virt);
        *entry = phys | bits | (large ? PTE_LARGE : 0);
        uint64_t size = large ? LARGE_PAGE_SIZE : PAGE_SIZE;
        virt += size;
        phys += size;
    }
}

static void map_part_of_image(const char *start, const char *end, unsigned prot)
{
    map_range((uint64_t)start, virt_to_phys(start), virt_to_phys(end), prot);
}

/* The entry code below text_start is not mapped: nothing returns to it. */
static void map_image(void)
{
    map_part_of_image(text_start, text_end, VM_READ | VM_EXEC);
    map_part_of_image(rodata_start, rodata_end, VM_READ);
    map_part_of_image(data_start, data_end, VM_READ | VM_WRITE);
    map_part_of_image(data_end, image_end, VM_READ); /* the symbol table */
}

/* Whole pages of one region; text and rodata must not become writable through this second address. */
static void map_memory(const struct mem_region *region)
{
    uint64_t base = (region->base + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    uint64_t end = (region->base + region->length) & ~(PAGE_SIZE - 1);
    uint64_t fixed = virt_to_phys(image_start), fixed_end = virt_to_phys(rodata_end);
    if (base >= end) return;
    if (!overlaps(base, end, fixed, fixed_end - fixed)) {
        map_range(DIRECT_MAP_BASE + base, base, end, VM_READ | VM_WRITE);
        return;
    }
    if (base < fixed) map_range(DIRECT_MAP_BASE + base, base, fixed, VM_READ | VM_WRITE);
    map_range(DIRECT_MAP_BASE + fixed, fixed, fixed_end, VM_READ);
    map_range(DIRECT_MAP_BASE + fixed_end, fixed_end, end, VM_READ | VM_WRITE);
}
