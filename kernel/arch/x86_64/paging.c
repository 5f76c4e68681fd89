/* Page tables: the walk, and mapping and unmapping of 4 KiB pages. The first tree: see vm_init.c. */
#include "paging.h"

#include <stdbool.h>
#include <synos/cpu.h>
#include <synos/errors.h>
#include <synos/layout.h>
#include <synos/panic.h>
#include <synos/spinlock.h>
#include <synos/string.h>
#include <synos/vm.h>

#include "cpu_slot.h"

uint64_t *paging_root;

static struct spinlock lock; /* of all tables; taken before the locks of frames, never while one is held */

static bool range_allowed(uint64_t virt, uint64_t phys, size_t pages);

void *phys_to_virt(uint64_t phys)
{
    return (void *)(DIRECT_MAP_BASE + phys);
}

uint64_t virt_to_phys(const void *virt)
{
    uint64_t address = (uint64_t)virt;
    if (address - KERNEL_BASE <= (uint64_t)image_end - KERNEL_BASE) return address - KERNEL_BASE;
    if (address - DIRECT_MAP_BASE < DIRECT_MAP_SIZE) return address - DIRECT_MAP_BASE;
    panic("virt_to_phys of %p, which is neither in the direct map nor in the image", virt);
}

uint64_t paging_bits(unsigned prot)
{
    uint64_t bits = PTE_PRESENT | PTE_GLOBAL;
    if (prot & VM_WRITE) bits |= PTE_WRITE;
    if (prot & VM_UNCACHED) bits |= PTE_UNCACHED;
    if (!(prot & VM_EXEC)) bits |= paging_no_execute;
    return bits;
}

uint64_t *paging_entry(uint64_t virt, enum paging_level level, int create)
{
    uint64_t *table = paging_root;
    for (int depth = LEVEL_ROOT; depth > (int)level; depth--) {
        uint64_t *entry = &table[(virt >> (PAGE_SHIFT + 9 * depth)) % TABLE_ENTRIES];
        if (*entry & PTE_LARGE) return NULL;
        if (!(*entry & PTE_PRESENT)) {
            uint64_t frame = create ? paging_take_frame() : 0;
            if (frame == 0) return NULL;
            *entry = frame | PTE_PRESENT | PTE_WRITE; /* the leaf decides what is allowed */
        }
        table = phys_to_virt(*entry & PTE_ADDRESS);
    }
    return &table[(virt >> (PAGE_SHIFT + 9 * (unsigned)level)) % TABLE_ENTRIES];
}

/* Maps as many pages as it can and returns their number; with the lock held. */
static size_t fill_entries(uint64_t virt, uint64_t phys, size_t pages, uint64_t bits, int *error)
{
    for (size_t i = 0; i < pages; i++) {
        uint64_t page = virt + i * PAGE_SIZE;
        uint64_t *entry = paging_entry(page, LEVEL_PAGE, true);
        if (entry == NULL || (*entry & PTE_PRESENT)) {
            *error = vm_query((void *)page) != 0 ? ERR_EXISTS : ERR_NO_MEMORY;
            return i;
        }
        *entry = (phys + i * PAGE_SIZE) | bits;
    }
    return pages;
}

int vm_map(void *virt, uint64_t phys, size_t pages, unsigned prot)
{
    bool both = (prot & VM_WRITE) && (prot & VM_EXEC);
    if (both || !(prot & VM_READ) || !range_allowed((uint64_t)virt, phys, pages)) return ERR_INVALID;
    int error = ERR_NONE;
    uint64_t flags = spin_lock(&lock);
    size_t mapped = fill_entries((uint64_t)virt, phys, pages, paging_bits(prot), &error);
    spin_unlock(&lock, flags);
    if (error != ERR_NONE) vm_unmap(virt, mapped);
    return error;
}

/* The flush comes after the lock: a CPU that waits for the lock and one that waits for its flush may be the
 * same. */
void vm_unmap(void *virt, size_t pages)
{
    size_t removed = 0;
    uint64_t flags = spin_lock(&lock);
    for (size_t i = 0; i < pages; i++) {
        uint64_t *entry = paging_entry((uint64_t)virt + i * PAGE_SIZE, LEVEL_PAGE, false);
        if (entry == NULL || !(*entry & PTE_PRESENT)) continue;
        *entry = 0;
        removed++;
    }
    spin_unlock(&lock, flags);
    if (removed > 0) tlb_flush((uint64_t)virt, pages);
}

unsigned vm_query(const void *virt)
{
    uint64_t address = (uint64_t)virt;
    uint64_t *entry = paging_entry(address, LEVEL_PAGE, false);
    if (entry == NULL) entry = paging_entry(address, LEVEL_LARGE, false);
    if (entry == NULL || !(*entry & PTE_PRESENT)) return 0;
    unsigned prot = VM_READ;
    if (*entry & PTE_WRITE) prot |= VM_WRITE;
    if (!(*entry & PTE_NO_EXECUTE)) prot |= VM_EXEC;
    return prot;
}

uint64_t vm_frame(const void *virt)
{
    const uint64_t *entry = paging_entry((uint64_t)virt, LEVEL_PAGE, false);
    return entry != NULL && (*entry & PTE_PRESENT) ? *entry & PTE_ADDRESS : 0;
}

static bool range_allowed(uint64_t virt, uint64_t phys, size_t pages)
{
    uint64_t bytes = pages * PAGE_SIZE;
    bool aligned = virt % PAGE_SIZE == 0 && (phys & ~PTE_ADDRESS) == 0;
    bool upper_half = virt >= DIRECT_MAP_BASE;
    bool no_wrap = bytes / PAGE_SIZE == pages && virt + bytes - 1 >= virt;
    return pages > 0 && aligned && upper_half && no_wrap;
}
