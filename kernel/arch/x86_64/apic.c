/* The local APIC: switched on, and what it sends to other CPUs. */
#include "apic.h"

#include <synos/cpu.h>
#include <synos/interrupt.h>
#include <synos/irq.h>
#include <synos/percpu.h>
#include <synos/vm.h>

#include "cpu_slot.h"

#define CPUID_EDX_APIC   (1u << 9)
#define MSR_APIC_BASE    0x1bu
#define BASE_ENABLE      (1ull << 11)
#define BASE_X2APIC      (1ull << 10)
#define BASE_ADDRESS     0x000ffffffffff000ull
#define SPURIOUS_ENABLE  (1u << 8)
#define LVT_NMI          (4u << 8)
#define DELIVERY_NMI     (4u << 8)
#define DELIVERY_INIT    (5u << 8)
#define DELIVERY_STARTUP (6u << 8)
#define COMMAND_PENDING  (1u << 12)
#define COMMAND_ASSERT   (1u << 14)

static bool present;

bool apic_present(void)
{
    return present;
}

bool apic_init(void)
{
    if (!(cpuid(1, 0).edx & CPUID_EDX_APIC)) return false;
    uint64_t base = rdmsr(MSR_APIC_BASE);
    if (base & BASE_X2APIC) return false;
    unsigned prot = VM_READ | VM_WRITE | VM_UNCACHED;
    if (vm_map((void *)DEVICE_BASE, base & BASE_ADDRESS, 1, prot) != 0) return false;
    present = true;
    apic_enable();
    return true;
}

void apic_enable(void)
{
    wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | BASE_ENABLE);
    apic_write(APIC_LVT_TIMER, APIC_MASKED);
    apic_write(APIC_LVT_LINT0, APIC_MASKED); /* the old interrupt controllers, which are silent */
    apic_write(APIC_LVT_LINT1, this_cpu()->index == 0 ? LVT_NMI : APIC_MASKED);
    apic_write(APIC_LVT_ERROR, APIC_MASKED);
    apic_write(APIC_TASK_PRIORITY, 0);
    apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | INTERRUPT_SPURIOUS);
}

uint32_t apic_id(void)
{
    return apic_read(APIC_ID) >> 24;
}

/* Two registers, of which the second sends: no handler may come between. */
static void command(uint32_t id, uint32_t what)
{
    uint64_t flags = irq_save();
    while (apic_read(APIC_COMMAND) & COMMAND_PENDING) cpu_relax();
    apic_write(APIC_TARGET, id << 24);
    apic_write(APIC_COMMAND, COMMAND_ASSERT | what);
    irq_restore(flags);
}

void apic_send(uint32_t id, uint8_t vector)
{
    command(id, vector);
}

void apic_send_init(uint32_t id)
{
    command(id, DELIVERY_INIT);
}

void apic_send_startup(uint32_t id, uint8_t page)
{
    command(id, DELIVERY_STARTUP | page);
}

/* One by one: the shorthand for all would reach CPUs that firmware has parked, with its own NMI handler. */
void apic_send_nmi_to_others(void)
{
    for (unsigned index = 0; index < cpu_count(); index++)
        if (index != this_cpu()->index) command(cpu_at(index)->apic_id, DELIVERY_NMI);
}
