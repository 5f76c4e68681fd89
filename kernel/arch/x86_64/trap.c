/* What happens when an exception arrives. */
#include <synos/trap.h>

#include <stddef.h>
#include <synos/cpu.h>

#include "cpu_slot.h"
#include "dump.h"

extern char trap_landing[];
void trap_handle(struct trap_frame *frame);

static void (*debug_handler)(struct trap_frame *frame);

static void mask_legacy_interrupts(void);

void trap_init(void)
{
    static struct cpu early; /* until there is memory for the boot CPU's slot */
    early.percpu.self = &early.percpu;
    descriptors_fill_idt(false);
    descriptors_prepare(&early);
    descriptors_load(&early);
    mask_legacy_interrupts();
}

void trap_set_debug_handler(void (*handler)(struct trap_frame *frame))
{
    __atomic_store_n(&debug_handler, handler, __ATOMIC_RELEASE);
}

void trap_handle(struct trap_frame *frame)
{
    struct cpu *cpu = cpu_self();
    uint64_t address = read_cr2();
    void (*debug)(struct trap_frame *) = __atomic_load_n(&debug_handler, __ATOMIC_ACQUIRE);
    if (frame->vector == TRAP_DEBUG && debug != NULL) {
        debug(frame);
        return;
    }
    if (frame->vector == TRAP_NMI) dump_stop_if_another_ends();
    if (cpu->trap_recovery == 0) dump_exception(frame, address);
    frame->rax = frame->vector;
    frame->rcx = address;
    frame->rip = (uint64_t)trap_landing;
    frame->rsp = cpu->trap_recovery;
    frame->rflags = 2; /* the fixed bit: interrupts, direction and alignment flags off */
}

/* Firmware leaves the PICs on vectors that are exceptions here; nothing of ours listens to them. */
static void mask_legacy_interrupts(void)
{
    outb(0x21, 0xff);
    outb(0xa1, 0xff);
}
