/*
 * TLB shootdown: one request at a time, held by its lock. The sender waits until every other CPU has flushed;
 * a CPU that waits with interrupts off flushes from its waiting loop (spin_wait), so that no two wait for
 * each other.
 */
#include <synos/cpu.h>
#include <synos/interrupt.h>
#include <synos/irq.h>
#include <synos/layout.h>
#include <synos/spinlock.h>

#include "apic.h"
#include "cpu_slot.h"

#define CR4_PGE        (1ull << 7)
#define SINGLE_FLUSHES 64 /* pages; above, everything goes */

static struct spinlock lock;
static struct {
    uint64_t virt;
    size_t pages;
} request;

/* Global pages stay over a reload of CR3: they are thrown out by name, or with all others by a change of PGE.
 */
static void flush_here(uint64_t virt, size_t pages)
{
    if (pages > SINGLE_FLUSHES) {
        uint64_t cr4 = read_cr4();
        write_cr4(cr4 ^ CR4_PGE);
        write_cr4(cr4);
        return;
    }
    for (size_t i = 0; i < pages; i++)
        __asm__ volatile("invlpg (%0)" : : "r"(virt + i * PAGE_SIZE) : "memory");
}

/* With interrupts off: else one in between would serve this request, and what follows would take the next
 * one, still being written, for it. */
void tlb_serve(struct cpu *cpu)
{
    if (!__atomic_load_n(&cpu->flush_wanted, __ATOMIC_ACQUIRE)) return;
    flush_here(request.virt, request.pages);
    __atomic_store_n(&cpu->flush_wanted, false, __ATOMIC_RELEASE);
}

void spin_wait(void)
{
    struct cpu *cpu = cpu_self();
    if (__atomic_load_n(&cpu->flush_wanted, __ATOMIC_RELAXED)) {
        const uint64_t flags = irq_save();
        tlb_serve(cpu);
        irq_restore(flags);
    }
    cpu_relax();
}

static void flush_others(unsigned self, unsigned count)
{
    for (unsigned index = 0; index < count; index++) {
        if (index == self) continue;
        __atomic_store_n(&cpu_at(index)->flush_wanted, true, __ATOMIC_RELEASE);
        apic_send(cpu_at(index)->apic_id, INTERRUPT_TLB);
    }
    for (unsigned index = 0; index < count; index++)
        while (__atomic_load_n(&cpu_at(index)->flush_wanted, __ATOMIC_ACQUIRE)) cpu_relax();
}

void tlb_flush(uint64_t virt, size_t pages)
{
    flush_here(virt, pages);
    const unsigned count = cpu_count();
    if (count == 1) return;
    const uint64_t flags = spin_lock(&lock);
    request.virt = virt;
    request.pages = pages;
    flush_others(this_cpu()->index, count);
    spin_unlock(&lock, flags);
}
