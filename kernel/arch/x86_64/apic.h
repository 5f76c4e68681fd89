/* Private to arch/: the local APIC of each CPU (Intel SDM vol. 3A, chapter 10) in its memory-mapped mode. */
#ifndef SYNOS_ARCH_APIC_H
#define SYNOS_ARCH_APIC_H

#include <stdbool.h>
#include <stdint.h>
#include <synos/layout.h>

/* Offsets of registers. */
enum apic_register {
    APIC_ID = 0x020, /* bits 31..24 */
    APIC_TASK_PRIORITY = 0x080,
    APIC_EOI = 0x0b0,
    APIC_SPURIOUS = 0x0f0,
    APIC_COMMAND = 0x300,
    APIC_TARGET = 0x310,
    APIC_LVT_TIMER = 0x320,
    APIC_LVT_LINT0 = 0x350,
    APIC_LVT_LINT1 = 0x360,
    APIC_LVT_ERROR = 0x370,
    APIC_TIMER_START = 0x380,
    APIC_TIMER_NOW = 0x390,
    APIC_TIMER_DIVIDE = 0x3e0,
};

#define APIC_MASKED (1u << 16) /* in a local vector table entry */

static inline uint32_t apic_read(enum apic_register number)
{
    return *(volatile uint32_t *)(DEVICE_BASE + number);
}

static inline void apic_write(enum apic_register number, uint32_t value)
{
    *(volatile uint32_t *)(DEVICE_BASE + number) = value;
}

/* Maps the registers and switches the boot CPU's APIC on. False: there is none, or firmware left it in the
 * mode without memory-mapped registers; then nothing below may be called but apic_present(). */
bool apic_init(void);
bool apic_present(void);

/* The same for a CPU that just started. */
void apic_enable(void);

uint32_t apic_id(void);

static inline void apic_end_of_interrupt(void)
{
    apic_write(APIC_EOI, 0);
}

/* To the CPU with this APIC id: an interrupt; the two steps that start a CPU at the page `page` below 1 MiB.
 */
void apic_send(uint32_t id, uint8_t vector);
void apic_send_init(uint32_t id);
void apic_send_startup(uint32_t id, uint8_t page);

/* An NMI to all other CPUs that run. */
void apic_send_nmi_to_others(void);

#endif
