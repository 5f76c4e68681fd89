/*
 * First instructions of every CPU but the first: from real mode, where the start-up message puts it, straight to 64-bit mode
 * (Intel SDM vol. 3A, 9.8.5: protection and paging go on in one write), through boot's tables to the kernel's own.
 */
#include "cpu_slot.h"

    .set KERNEL_BASE_AS, 0xffffffff80000000
    .set MSR_EFER, 0xc0000080

/* Copied to a page below 1 MiB. CS is that page; all else is named by its offset in it, or lies in the image. */
    .section .rodata, "a"
    .global ap_trampoline, ap_trampoline_end
    .code16
ap_trampoline:
    cli
    cld
    mov %cs, %ax
    mov %ax, %ds
    lgdtl ap_gdt_pointer - ap_trampoline
    mov $(1 << 5), %eax         /* PAE */
    mov %eax, %cr4
    mov $(boot_root - KERNEL_BASE_AS), %eax
    mov %eax, %cr3
    mov $MSR_EFER, %ecx
    rdmsr
    or $(1 << 8), %eax          /* long mode enable */
    wrmsr
    mov $0x80000011, %eax       /* paging, protection, and the bit that is always set; caches on */
    mov %eax, %cr0
    ljmpl $0x08, $ap_start64
    .balign 4
ap_gdt_pointer:
    .short 2 * 8 - 1
    .long boot_gdt
ap_trampoline_end:

/* At its physical address, which boot's tables map as it is. */
    .section .boot.text, "ax"
    .code64
ap_start64:
    mov $ap_high, %rax
    jmp *%rax

    .text
    .type ap_high, @function
ap_high:
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
    mov $MSR_EFER, %ecx         /* first: the kernel's tables have bits that need it */
    mov ap_registers, %eax
    mov ap_registers + 4, %edx
    wrmsr
    mov ap_registers + 8, %rax
    mov %rax, %cr3
    mov ap_registers + 16, %rax
    mov %rax, %cr4
    mov ap_registers + 24, %rax
    mov %rax, %cr0

    mov $1, %eax                /* the APIC id, in EBX from bit 24 on */
    cpuid
    shr $24, %ebx
    xor %edi, %edi
    xchg %rdi, ap_slots(, %rbx, 8)
    test %rdi, %rdi
    jz 1f                       /* came too late: nobody waits any more */
    mov CPU_STACK_TOP(%rdi), %rsp
    xor %ebp, %ebp              /* ends every backtrace */
    call ap_main
1:  cli
    hlt
    jmp 1b
    .size ap_high, . - ap_high

    .section .note.GNU-stack, "", @progbits
