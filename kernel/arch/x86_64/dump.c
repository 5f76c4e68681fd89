/* The exception dump: decodes what the CPU reports (Intel SDM vol. 3A, 6.13 and 4.7) for its readers. */
#include "dump.h"

#include <stddef.h>
#include <synos/cpu.h>
#include <synos/fmt.h>
#include <synos/layout.h>
#include <synos/panic.h>
#include <synos/stack.h>
#include <synos/uart.h>

#define MSR_EFER 0xc0000080u

enum page_fault_bits { PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4, PF_RESERVED = 8, PF_FETCH = 16 };

static const struct {
    const char *mnemonic, *name;
} exceptions[32] = {
    [0] = {"#DE", "divide error"},
    [1] = {"#DB", "debug exception"},
    [2] = {"NMI", "non-maskable interrupt"},
    [3] = {"#BP", "breakpoint"},
    [4] = {"#OF", "overflow"},
    [5] = {"#BR", "bound range exceeded"},
    [6] = {"#UD", "invalid opcode"},
    [7] = {"#NM", "device not available"},
    [8] = {"#DF", "double fault"},
    [10] = {"#TS", "invalid TSS"},
    [11] = {"#NP", "segment not present"},
    [12] = {"#SS", "stack segment fault"},
    [13] = {"#GP", "general protection fault"},
    [14] = {"#PF", "page fault"},
    [16] = {"#MF", "x87 floating point error"},
    [17] = {"#AC", "alignment check"},
    [18] = {"#MC", "machine check"},
    [19] = {"#XM", "SIMD floating point error"},
    [20] = {"#VE", "virtualization exception"},
    [21] = {"#CP", "control protection exception"},
};

static void print_reason(const struct trap_frame *frame, uint64_t address);
static void print_error_code(const struct trap_frame *frame);
static void print_registers(const struct trap_frame *frame, uint64_t address);

void dump_exception(const struct trap_frame *frame, uint64_t address)
{
    dump_begin();
    print_reason(frame, address);
    print_error_code(frame);
    print_registers(frame, address);
    dump_cpu();
    uart_printf("backtrace:\n");
    dump_place("at", frame->rip);
    dump_backtrace(frame->rbp);
    machine_exit(EXIT_PANIC);
}

static const char *page_fault_verb(uint64_t error)
{
    if (error & PF_FETCH) return "execution of";
    return error & PF_WRITE ? "write to" : "read of";
}

/* What is known about an address from where it lies. */
static void describe_address(uint64_t address, char *out, size_t capacity)
{
    const char *guarded = stack_guard_owner(address);
    if (guarded != NULL)
        fmt_snprintf(out, capacity, " (guard page under stack \"%s\")", guarded);
    else if (address < PAGE_SIZE)
        fmt_snprintf(out, capacity, " (null pointer)");
    else if (address >= (uint64_t)text_start && address < (uint64_t)text_end)
        fmt_snprintf(out, capacity, " (kernel text)");
    else if (address >= (uint64_t)rodata_start && address < (uint64_t)rodata_end)
        fmt_snprintf(out, capacity, " (kernel read-only data)");
    else if (address >= (uint64_t)data_start && address < (uint64_t)data_end)
        fmt_snprintf(out, capacity, " (kernel data)");
    else
        out[0] = '\0';
}

static void print_reason(const struct trap_frame *frame, uint64_t address)
{
    char where[80];
    describe_address(address, where, sizeof where);
    if (frame->vector >= 32 || exceptions[frame->vector].name == NULL) {
        uart_printf("interrupt %llu, which nothing of the kernel asked for\n",
                    (unsigned long long)frame->vector);
        return;
    }
    uart_printf("%s (%s)", exceptions[frame->vector].name, exceptions[frame->vector].mnemonic);
    if (frame->vector == TRAP_PAGE_FAULT)
        uart_printf(": %s %s page at 0x%016llx%s", page_fault_verb(frame->error),
                    frame->error & PF_PRESENT ? "protected" : "unmapped", (unsigned long long)address, where);
    else if (frame->vector == TRAP_DOUBLE_FAULT && stack_guard_owner(address) != NULL)
        uart_printf(": stack overflow at 0x%016llx%s", (unsigned long long)address, where);
    uart_printf("\n");
}

static void print_page_fault_error(uint64_t error)
{
    uart_printf(": %s, %s, %s", error & PF_PRESENT ? "protection" : "not present",
                error & PF_WRITE ? "write" : "read", error & PF_USER ? "user" : "supervisor");
    if (error & PF_RESERVED) uart_printf(", reserved bit set");
    if (error & PF_FETCH) uart_printf(", instruction fetch");
}

static void print_selector_error(uint64_t error)
{
    static const char *const tables[] = {"GDT", "IDT", "LDT", "IDT"};
    uart_printf(": selector index %llu in the %s%s", (unsigned long long)(error >> 3),
                tables[(error >> 1) & 3], error & 1 ? ", external event" : "");
}

static void print_error_code(const struct trap_frame *frame)
{
    uart_printf("vector %llu, error code 0x%llx", (unsigned long long)frame->vector,
                (unsigned long long)frame->error);
    if (frame->vector == TRAP_PAGE_FAULT)
        print_page_fault_error(frame->error);
    else if (frame->error != 0)
        print_selector_error(frame->error);
    uart_printf("\n");
}

static void print_registers(const struct trap_frame *frame, uint64_t address)
{
    const struct {
        const char *name;
        uint64_t value;
    } registers[] = {
        {"rip", frame->rip},      {"rsp", frame->rsp}, {"rbp", frame->rbp}, {"rfl", frame->rflags},
        {"rax", frame->rax},      {"rbx", frame->rbx}, {"rcx", frame->rcx}, {"rdx", frame->rdx},
        {"rsi", frame->rsi},      {"rdi", frame->rdi}, {"r8 ", frame->r8},  {"r9 ", frame->r9},
        {"r10", frame->r10},      {"r11", frame->r11}, {"r12", frame->r12}, {"r13", frame->r13},
        {"r14", frame->r14},      {"r15", frame->r15}, {"cs ", frame->cs},  {"ss ", frame->ss},
        {"cr0", read_cr0()},      {"cr2", address},    {"cr3", read_cr3()}, {"cr4", read_cr4()},
        {"efr", rdmsr(MSR_EFER)},
    };
    const size_t count = sizeof registers / sizeof registers[0];
    for (size_t i = 0; i < count; i++)
        uart_printf("%s %016llx%s", registers[i].name, (unsigned long long)registers[i].value,
                    i % 4 == 3 || i + 1 == count ? "\n" : "  ");
}
