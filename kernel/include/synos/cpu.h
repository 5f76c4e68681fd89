/* Instructions that C has no words for: ports, CPUID, control and model-specific registers. */
#ifndef SYNOS_CPU_H
#define SYNOS_CPU_H

#include <stdint.h>

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void outw(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline uint64_t rdmsr(uint32_t number)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return ((uint64_t)high << 32) | low;
}

static inline void wrmsr(uint32_t number, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

#define CPU_READ_CR(n)                                                                                       \
    static inline uint64_t read_cr##n(void)                                                                  \
    {                                                                                                        \
        uint64_t value;                                                                                      \
        __asm__ volatile("mov %%cr" #n ", %0" : "=r"(value) : : "memory");                                   \
        return value;                                                                                        \
    }
#define CPU_WRITE_CR(n)                                                                                      \
    static inline void write_cr##n(uint64_t value)                                                           \
    {                                                                                                        \
        __asm__ volatile("mov %0, %%cr" #n : : "r"(value) : "memory");                                       \
    }
CPU_READ_CR(0)
CPU_READ_CR(2)
CPU_READ_CR(3)
CPU_READ_CR(4)
CPU_WRITE_CR(0)
CPU_WRITE_CR(3)
CPU_WRITE_CR(4)
#undef CPU_READ_CR
#undef CPU_WRITE_CR

static inline void cpu_relax(void)
{
    __asm__ volatile("pause" : : : "memory");
}

/* Stops this CPU for good. With interrupts off hosts see a dead halt. */
_Noreturn static inline void cpu_halt(void)
{
    for (;;) __asm__ volatile("cli\n\thlt" : : : "memory");
}

/* What the protection features of this CPU are, and switches on those it has: WP, NXE, SMEP, SMAP, UMIP. */
void cpu_protect(void);

#endif
