/* Entry of all 256 vectors: each stub is 16 bytes and leaves a struct trap_frame (trap.h) on the stack. */
#include "cpu_slot.h"

    .set STUB_BYTES, 16

    .macro push_registers
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    .endm

    .text
    .global trap_stubs
    .balign 16
trap_stubs:
    .set vector, 0
    .rept 256
    .balign STUB_BYTES
    /* These exceptions push an error code themselves (Intel SDM vol. 3A, table 6-1); the others get a zero. */
    .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
    pushq $0
    .endif
    pushq $vector
    .if vector < 32
    jmp trap_common
    .else
    jmp interrupt_common
    .endif
    .set vector, vector + 1
    .endr

    .type trap_common, @function
trap_common:
    push_registers
    cld
    mov %rsp, %rdi
    call trap_handle            /* the CPU aligned the stack; 22 words later it is aligned again */
trap_return:
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rbp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rbx
    popq %rax
    addq $16, %rsp
    iretq
    .size trap_common, . - trap_common

/* Interrupts of devices, of other CPUs and of the timer: nothing of the dump's is read on this way. */
    .type interrupt_common, @function
interrupt_common:
    push_registers
    cld
    mov %rsp, %rdi
    call interrupt_handle
    jmp trap_return
    .size interrupt_common, . - interrupt_common

/*
 * int trap_catch(void (*body)(void *), void *argument, uint64_t *address)
 * The stack pointer is remembered while body runs; trap_handle sends a fault to trap_landing with RSP restored,
 * RAX = vector and RCX = fault address. Callee-saved registers and the interrupt flag come back from the stack
 * on both ways.
 */
    .global trap_catch, trap_landing
    .type trap_catch, @function
trap_catch:
    pushq %rbp
    mov %rsp, %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rdx
    pushfq
    subq $8, %rsp               /* for the alignment at the call */
    mov %rsp, %gs:CPU_TRAP_RECOVERY
    mov %rdi, %rax
    mov %rsi, %rdi
    call *%rax
    mov $-1, %eax
    xor %ecx, %ecx
trap_landing:
    movq $0, %gs:CPU_TRAP_RECOVERY
    addq $8, %rsp
    popfq
    popq %rdx
    test %rdx, %rdx
    jz 1f
    mov %rcx, (%rdx)
1:  popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size trap_catch, . - trap_catch

    .section .note.GNU-stack, "", @progbits
