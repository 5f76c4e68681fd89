/* Descriptor tables (Intel SDM vol. 3A, chapters 3, 6 and 7), and what happens when an exception arrives. */
#include <synos/trap.h>

#include <stddef.h>
#include <synos/cpu.h>
#include <synos/panic.h>

#include "dump.h"

#define CODE_SELECTOR  0x08
#define TSS_SELECTOR   0x18
#define VECTORS        256
#define STUB_BYTES     16ul
#define GATE_INTERRUPT 0x8e /* present, ring 0, 64-bit interrupt gate */

struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};

struct task_state {
    uint32_t reserved0;
    uint64_t rsp[3], reserved1, ist[7], reserved2; /* ist[0] is IST 1 */
    uint16_t reserved3, io_map;
} __attribute__((packed));
_Static_assert(sizeof(struct task_state) == 104, "the size of a 64-bit TSS without an IO map");

struct pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

extern char trap_stubs[], trap_landing[];
extern uint64_t trap_recovery;
void trap_handle(struct trap_frame *frame);

uint64_t trap_recovery; /* stack pointer of the trap_catch in progress, or 0 */

static uint64_t gdt[5] = {0, 0x00af9a000000ffff /* code */, 0x00cf92000000ffff /* data */, 0,
                          0 /* TSS, two words */};
static struct gate idt[VECTORS];
static struct task_state tss;

static void load_gdt(void);
static void load_idt(void);
static void mask_legacy_interrupts(void);

void trap_init(void)
{
    load_gdt();
    load_idt();
    mask_legacy_interrupts();
}

/* Until this is called the gates run on the stack that was in use, which is right for boot's only stack. */
void trap_set_ist(unsigned ist, void *top)
{
    static const uint8_t vector_of[] = {
        [1] = TRAP_DOUBLE_FAULT, [2] = 2 /* NMI */, [3] = 18 /* machine check */};
    if (ist == 0 || ist >= sizeof vector_of) panic("trap_set_ist(%u): only 1 to 3 are used", ist);
    tss.ist[ist - 1] = (uint64_t)top;
    idt[vector_of[ist]].ist = (uint8_t)ist;
}

void trap_handle(struct trap_frame *frame)
{
    uint64_t address = read_cr2();
    if (trap_recovery == 0) dump_exception(frame, address);
    frame->rax = frame->vector;
    frame->rcx = address;
    frame->rip = (uint64_t)trap_landing;
    frame->rsp = trap_recovery;
    frame->rflags = 2; /* the fixed bit: interrupts, direction and alignment flags off */
}

static void load_gdt(void)
{
    uint64_t base = (uint64_t)&tss;
    tss.io_map = sizeof tss; /* behind the end: no IO map */
    gdt[3] = (sizeof tss - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
    gdt[4] = base >> 32;
    struct pointer pointer = {sizeof gdt - 1, (uint64_t)gdt};
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\tltr %w2"
                     :
                     : "m"(pointer), "i"(CODE_SELECTOR), "r"(TSS_SELECTOR)
                     : "rax", "memory");
}

static void load_idt(void)
{
    for (unsigned i = 0; i < VECTORS; i++) {
        uint64_t stub = (uint64_t)(trap_stubs + i * STUB_BYTES);
        idt[i] = (struct gate){.offset_low = (uint16_t)stub,
                               .selector = CODE_SELECTOR,
                               .type = GATE_INTERRUPT,
                               .offset_middle = (uint16_t)(stub >> 16),
                               .offset_high = (uint32_t)(stub >> 32)};
    }
    struct pointer pointer = {sizeof idt - 1, (uint64_t)idt};
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

/* Firmware leaves the PICs on vectors that are exceptions here; nothing of ours listens to them. */
static void mask_legacy_interrupts(void)
{
    outb(0x21, 0xff);
    outb(0xa1, 0xff);
}
