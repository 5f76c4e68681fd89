/* Private to arch/: what a CPU's slot holds in its first page, behind struct percpu. */
#ifndef SYNOS_ARCH_CPU_SLOT_H
#define SYNOS_ARCH_CPU_SLOT_H

/* For assembly, which reaches them through %gs or the slot's address; C asserts that they are right. */
#define CPU_TRAP_RECOVERY 16
#define CPU_STACK_TOP     24

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <synos/percpu.h>
#include <synos/spinlock.h>

struct task_state {
    uint32_t reserved0;
    uint64_t rsp[3], reserved1, ist[7], reserved2; /* ist[0] is IST 1 */
    uint16_t reserved3, io_map;
} __attribute__((packed));
_Static_assert(sizeof(struct task_state) == 104, "the size of a 64-bit TSS without an IO map");

enum { GDT_ENTRIES = 5, CALLS_MAX = 16 };

struct call {
    void (*body)(void *argument);
    void *argument;
};

/* Calls for this CPU's interrupt handler. finished <= taken <= sent <= taken + CALLS_MAX, all modulo 2^32. */
struct calls {
    struct spinlock lock; /* of senders */
    uint32_t sent, taken, finished;
    bool serving; /* a call runs now */
    struct call ring[CALLS_MAX];
};

struct cpu {
    struct percpu percpu;
    uint64_t trap_recovery; /* stack pointer of the trap_catch in progress, or 0 */
    void *stack_top;        /* where the CPU starts and idles */
    uint32_t apic_id;
    bool flush_wanted; /* by the CPU that holds the lock of tlb.c */
    bool working;      /* from the order of smp_run until the body has returned */
    struct call work;
    struct calls calls;
    uint64_t gdt[GDT_ENTRIES];
    struct task_state tss;
};
_Static_assert(offsetof(struct cpu, trap_recovery) == CPU_TRAP_RECOVERY, "trap_entry.S knows it");
_Static_assert(offsetof(struct cpu, stack_top) == CPU_STACK_TOP, "ap_start.S knows it");
_Static_assert(sizeof(struct cpu) <= PERCPU_POOL, "the areas of other floors follow");

static inline struct cpu *cpu_self(void)
{
    return (struct cpu *)this_cpu();
}

static inline struct cpu *cpu_at(unsigned index)
{
    return (struct cpu *)percpu_slot(index);
}

/* Maps the slot of this index, with GDT, TSS and the stacks for exceptions. NULL: no memory. */
struct cpu *cpu_create(unsigned index);

/* Called by a CPU that has just started: from now on it counts as one that runs. */
void cpu_count_in(void);

/*
 * descriptors.c: fills the IDT; writes a CPU's GDT and TSS; loads all three and the GS base on the CPU
 * itself. Without `own_stacks` all exceptions run on the stack in use: right for boot's only one.
 */
void descriptors_fill_idt(bool own_stacks);
void descriptors_prepare(struct cpu *cpu);
void descriptors_load(struct cpu *cpu);

/* tlb.c: throws a range out of the TLB of every CPU that runs; flushes what another one asked this CPU for.
 */
void tlb_flush(uint64_t virt, size_t pages);
void tlb_serve(struct cpu *cpu);

/* smp.c: what a CPU other than the first does for ever; runs the calls that smp_interrupt sent here. */
_Noreturn void smp_idle(struct cpu *cpu);
void smp_serve_calls(void);
#endif

#endif
