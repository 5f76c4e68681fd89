/* Descriptor tables (Intel SDM vol. 3A, chapters 3, 6 and 7): one IDT for all, GDT and TSS for each CPU. */
#include <synos/cpu.h>
#include <synos/trap.h>

#include "cpu_slot.h"

#define CODE_SELECTOR  0x08
#define TSS_SELECTOR   0x18
#define VECTORS        256
#define STUB_BYTES     16ul
#define GATE_INTERRUPT 0x8e /* present, ring 0, 64-bit interrupt gate */
#define MSR_GS_BASE    0xc0000101u

struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};

struct pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

extern char trap_stubs[];

static struct gate idt[VECTORS];

/* IST numbers, as cpu_create fills them. */
static uint8_t stack_of(unsigned vector)
{
    switch (vector) {
    case TRAP_DOUBLE_FAULT: return 1;
    case TRAP_NMI: return 2;
    case TRAP_MACHINE_CHECK: return 3;
    default: return 0;
    }
}

void descriptors_fill_idt(bool own_stacks)
{
    for (unsigned vector = 0; vector < VECTORS; vector++) {
        uint64_t stub = (uint64_t)(trap_stubs + vector * STUB_BYTES);
        idt[vector] = (struct gate){.offset_low = (uint16_t)stub,
                                    .selector = CODE_SELECTOR,
                                    .ist = own_stacks ? stack_of(vector) : 0,
                                    .type = GATE_INTERRUPT,
                                    .offset_middle = (uint16_t)(stub >> 16),
                                    .offset_high = (uint32_t)(stub >> 32)};
    }
}

void descriptors_prepare(struct cpu *cpu)
{
    uint64_t base = (uint64_t)&cpu->tss;
    uint64_t limit = sizeof cpu->tss - 1;
    cpu->tss.io_map = sizeof cpu->tss; /* behind the end: no IO map */
    cpu->gdt[1] = 0x00af9a000000ffff;  /* code */
    cpu->gdt[2] = 0x00cf92000000ffff;  /* data */
    cpu->gdt[3] = limit | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
    cpu->gdt[4] = base >> 32;
}

void descriptors_load(struct cpu *cpu)
{
    struct pointer gdt = {sizeof cpu->gdt - 1, (uint64_t)cpu->gdt};
    struct pointer vectors = {sizeof idt - 1, (uint64_t)idt};
    wrmsr(MSR_GS_BASE, (uint64_t)cpu);
    cpu->gdt[3] &= ~(2ull << 40); /* a TSS that was loaded before is marked busy and would be refused */
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\tltr %w2\n\t"
                     "lidt %3"
                     :
                     : "m"(gdt), "i"(CODE_SELECTOR), "r"(TSS_SELECTOR), "m"(vectors)
                     : "rax", "memory");
}
