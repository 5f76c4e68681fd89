/* Kernel stacks: fixed slots in their own window, the lowest page of each left unmapped. */
#include <synos/stack.h>

#include <synos/fmt.h>
#include <synos/layout.h>
#include <synos/spinlock.h>
#include <synos/vm.h>

#include "paging.h"

#define SLOT_BYTES (STACK_SLOT_PAGES * PAGE_SIZE)

extern char boot_stack[], boot_stack_top[];

static struct spinlock lock; /* of a slot under construction */
static char names[STACK_SLOTS][24];
static size_t used; /* grows only, and only when its last slot is complete: dumps read without the lock */

static bool map_slot(uint64_t slot)
{
    for (uint64_t page = slot + PAGE_SIZE; page < slot + SLOT_BYTES; page += PAGE_SIZE) {
        uint64_t frame = paging_take_frame();
        if (frame == 0 || vm_map((void *)page, frame, 1, VM_READ | VM_WRITE) != 0)
            return false; /* there is no memory even for stacks: what was taken is not worth giving back */
    }
    return true;
}

void *stack_create(const char *name)
{
    void *top = NULL;
    uint64_t flags = spin_lock(&lock);
    uint64_t slot = STACK_BASE + used * SLOT_BYTES;
    if (used < STACK_SLOTS && map_slot(slot)) {
        fmt_snprintf(names[used], sizeof names[used], "%s", name);
        __atomic_store_n(&used, used + 1, __ATOMIC_RELEASE);
        top = (void *)(slot + SLOT_BYTES);
    }
    spin_unlock(&lock, flags);
    return top;
}

const char *stack_guard_owner(uint64_t address)
{
    if (address - STACK_BASE >= used * SLOT_BYTES) return NULL;
    uint64_t inside = (address - STACK_BASE) % SLOT_BYTES;
    return inside < PAGE_SIZE ? names[(address - STACK_BASE) / SLOT_BYTES] : NULL;
}

static bool within(uint64_t address, size_t length, uint64_t base, uint64_t end)
{
    return address >= base && address <= end && end - address >= length;
}

bool stack_contains(uint64_t address, size_t length)
{
    if (within(address, length, (uint64_t)boot_stack, (uint64_t)boot_stack_top)) return true;
    if (address - STACK_BASE >= used * SLOT_BYTES) return false;
    uint64_t slot = address - (address - STACK_BASE) % SLOT_BYTES;
    return within(address, length, slot + PAGE_SIZE, slot + SLOT_BYTES);
}

void stack_enter(void *top, void (*entry)(void))
{
    /* RBP = 0 ends backtraces; the pushed 0 stands where a return address would be and keeps the ABI's
     * alignment. */
    __asm__ volatile("mov %0, %%rsp\n\txor %%ebp, %%ebp\n\tpush $0\n\tjmp *%1"
                     :
                     : "r"(top), "r"(entry)
                     : "memory");
    __builtin_unreachable();
}
