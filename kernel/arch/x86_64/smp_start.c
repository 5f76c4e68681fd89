/* Starts the other CPUs one by one (Intel SDM vol. 3A, 8.4): INIT to all, then the start-up message to each.
 */
#include <synos/clock.h>
#include <synos/cpu.h>
#include <synos/fmt.h>
#include <synos/simd.h>
#include <synos/smp.h>
#include <synos/spinlock.h>
#include <synos/stack.h>
#include <synos/string.h>
#include <synos/vm.h>

#include "acpi_memory.h"
#include "apic.h"
#include "cpu_slot.h"
#include "paging.h"

#define MSR_EFER          0xc0000080u
#define CR0_CACHES_OFF    (3ull << 29) /* CD and NW: set in a CPU after INIT */
#define CPUID_HYPERVISOR  (1u << 31)
#define LOW_MEMORY_FROM   0x8000ull /* below lie the tables of real mode, and what old firmware keeps there */
#define LOW_MEMORY_END    0xa0000ull
#define INIT_US           10000 /* from INIT to start-up; a virtual CPU needs none */
#define SECOND_STARTUP_US 1000
#define TIME_LIMIT_US     3000000
#define LOOKS_MAX         5000000

extern const char ap_trampoline[], ap_trampoline_end[];
void ap_main(struct cpu *cpu);

/* Read by ap_start.S, in this order. */
extern struct ap_registers {
    uint64_t efer, cr3, cr4, cr0;
} ap_registers;
struct ap_registers ap_registers;

/* By APIC id: the slot of a CPU that is to start. Whoever takes it out decides: the CPU that it starts, or
 * the boot CPU, whose patience is over, that it never will. */
extern struct cpu *ap_slots[256];
struct cpu *ap_slots[256];

static uint64_t ticks_of(uint64_t microseconds)
{
    uint64_t khz = clock_khz();
    return microseconds * (khz != 0 ? khz : 1000000) / 1000;
}

/* Waits until `count` CPUs run. The looks are limited, too: where a tick is an instruction, seconds are long.
 */
static bool came_within(unsigned count, uint64_t microseconds)
{
    const uint64_t start = clock_ticks(), limit = ticks_of(microseconds);
    for (unsigned looks = 0; cpu_count() < count; looks++) {
        if (clock_ticks() - start > limit || looks == LOOKS_MAX) return false;
        spin_wait();
    }
    return true;
}

/* Takes over what the boot CPU has set up: protections and caches. */
static void save_registers(void)
{
    ap_registers = (struct ap_registers){.efer = rdmsr(MSR_EFER),
                                         .cr3 = virt_to_phys(paging_root),
                                         .cr4 = read_cr4(),
                                         .cr0 = read_cr0() & ~CR0_CACHES_OFF};
}

/* The first C of a CPU, on its own stack and on the kernel's tables. */
void ap_main(struct cpu *cpu)
{
    descriptors_load(cpu);
    simd_init();
    apic_enable();
    cpu_count_in();
    smp_idle(cpu);
}

static bool overlaps(uint64_t base, uint64_t end, uint64_t other, uint64_t length)
{
    return base < other + length && other < end;
}

static bool is_free(const struct bootinfo *boot, uint64_t page)
{
    bool is_ram = false;
    for (size_t i = 0; i < boot->region_count; i++) {
        const struct mem_region *region = &boot->regions[i];
        is_ram |= region->type == MEM_RAM && page >= region->base &&
                  page + PAGE_SIZE <= region->base + region->length;
    }
    for (size_t i = 0; i < boot->module_count; i++)
        if (overlaps(page, page + PAGE_SIZE, boot->modules[i].base, boot->modules[i].length)) return false;
    return is_ram;
}

/* A page below 1 MiB, where a CPU begins in real mode. 0: none. The frame allocator hands out none of these.
 */
static uint64_t place_trampoline(const struct bootinfo *boot)
{
    for (uint64_t page = LOW_MEMORY_FROM; page < LOW_MEMORY_END; page += PAGE_SIZE) {
        if (!is_free(boot, page)) continue;
        memcpy(phys_to_virt(page), ap_trampoline, (size_t)(ap_trampoline_end - ap_trampoline));
        return page;
    }
    return 0;
}

static struct cpu *prepare(unsigned index, uint32_t id)
{
    struct cpu *cpu = cpu_create(index);
    if (cpu == NULL) return NULL;
    if (cpu->stack_top == NULL) {
        char name[16];
        fmt_snprintf(name, sizeof name, "cpu %u", index);
        cpu->stack_top = stack_create(name);
    }
    cpu->apic_id = id;
    return cpu->stack_top != NULL ? cpu : NULL;
}

/* The second message is for a CPU that missed the first; one that runs ignores it. */
static bool start(uint32_t id, uint64_t trampoline)
{
    const unsigned count = cpu_count() + 1;
    struct cpu *cpu = prepare(count - 1, id);
    if (cpu == NULL) return false;
    __atomic_store_n(&ap_slots[id], cpu, __ATOMIC_SEQ_CST);
    apic_send_startup(id, (uint8_t)(trampoline >> PAGE_SHIFT));
    if (came_within(count, SECOND_STARTUP_US)) return true;
    apic_send_startup(id, (uint8_t)(trampoline >> PAGE_SHIFT));
    if (came_within(count, TIME_LIMIT_US)) return true;
    if (__atomic_exchange_n(&ap_slots[id], NULL, __ATOMIC_SEQ_CST) != NULL) return false;
    while (cpu_count() < count) spin_wait(); /* it took its slot at the last moment */
    return true;
}

static void send_inits(const struct acpi_cpus *cpus)
{
    for (uint32_t i = 0; i < cpus->count; i++)
        if (cpus->apic_id[i] != apic_id()) apic_send_init(cpus->apic_id[i]);
    if (!(cpuid(1, 0).ecx & CPUID_HYPERVISOR)) came_within(CPUS_MAX + 1, INIT_US);
}

struct smp_outcome smp_start(const struct bootinfo *boot, unsigned limit)
{
    static struct acpi_cpus cpus;
    struct smp_outcome outcome = {.tables = acpi_find_cpus(boot->rsdp, acpi_memory_read, &cpus)};
    acpi_memory_close();
    outcome.present = cpus.count > 0 ? cpus.count : 1;
    if (cpus.count < 2 || limit < 2 || !apic_present()) return outcome;

    const uint64_t trampoline = place_trampoline(boot);
    save_registers();
    send_inits(&cpus);
    for (uint32_t i = 0; i < cpus.count && cpu_count() < limit; i++) {
        if (cpus.apic_id[i] == apic_id()) continue;
        if (trampoline != 0 && start(cpus.apic_id[i], trampoline)) continue;
        if (outcome.missing++ == 0) outcome.first_id = cpus.apic_id[i];
    }
    return outcome;
}
