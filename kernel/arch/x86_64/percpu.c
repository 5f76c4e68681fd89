/* Slots of CPUs: memory of their own under the GS base, and stacks for the exceptions that need one. */
#include <synos/percpu.h>

#include <synos/fmt.h>
#include <synos/panic.h>
#include <synos/stack.h>
#include <synos/vm.h>

#include "cpu_slot.h"
#include "paging.h"

static unsigned running = 1;

unsigned cpu_count(void)
{
    return __atomic_load_n(&running, __ATOMIC_ACQUIRE);
}

void cpu_count_in(void)
{
    __atomic_add_fetch(&running, 1, __ATOMIC_RELEASE);
}

/* Pages that are there already are those of a CPU that was prepared and did not start. */
static bool map_slot(struct cpu *cpu)
{
    for (uint64_t page = (uint64_t)cpu; page < (uint64_t)cpu + PERCPU_BYTES; page += PAGE_SIZE) {
        if (vm_query((void *)page) != 0) continue;
        uint64_t frame = paging_take_frame();
        if (frame == 0 || vm_map((void *)page, frame, 1, VM_READ | VM_WRITE) != 0) return false;
    }
    return true;
}

/* Double fault, NMI and machine check: the stack in use may be what is broken. */
static bool create_exception_stacks(struct cpu *cpu)
{
    static const char *const names[] = {"double fault", "NMI", "machine check"};
    for (unsigned ist = 0; ist < sizeof names / sizeof names[0]; ist++) {
        char name[32];
        fmt_snprintf(name, sizeof name, cpu->percpu.index == 0 ? "%s" : "%s, cpu %u", names[ist],
                     cpu->percpu.index);
        void *top = stack_create(name);
        if (top == NULL) return false;
        cpu->tss.ist[ist] = (uint64_t)top;
    }
    return true;
}

struct cpu *cpu_create(unsigned index)
{
    struct cpu *cpu = cpu_at(index);
    if (!map_slot(cpu)) return NULL;
    if (cpu->percpu.self != NULL) return cpu;
    cpu->percpu.index = index;
    if (!create_exception_stacks(cpu)) return NULL;
    descriptors_prepare(cpu);
    cpu->percpu.self = &cpu->percpu; /* last: says that the slot is complete */
    return cpu;
}

void percpu_init(void)
{
    struct cpu *cpu = cpu_create(0);
    if (cpu == NULL) panic("no memory for the boot CPU's slot and stacks");
    descriptors_load(cpu);
    descriptors_fill_idt(true);
}
