/* PVH entry (32 bits, no paging) to Rust in long mode: the first GiB is mapped as it is, with pages of 2 MiB. */
.section .note.Xen, "a", @note
.align 4
    .long 4, 4, 18                 /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long _start

.text
.code32
.globl _start
_start:
    cli
    mov $stack_top, %esp
    xor %ecx, %ecx                 /* 512 pages of 2 MiB */
1:  mov %ecx, %eax
    shl $21, %eax
    or $0x83, %eax                 /* present, writable, large */
    mov %eax, pd(,%ecx,8)
    inc %ecx
    cmp $512, %ecx
    jne 1b
    mov $pd + 3, %eax
    mov %eax, pdpt
    mov $pdpt + 3, %eax
    mov %eax, pml4

    mov $pml4, %eax
    mov %eax, %cr3
    mov %cr4, %eax
    or $0x620, %eax                /* PAE, and SSE, which code for this target may use */
    mov %eax, %cr4
    mov $0xc0000080, %ecx          /* EFER */
    rdmsr
    or $0x100, %eax                /* LME */
    wrmsr
    mov %cr0, %eax
    or $0x80000002, %eax           /* PG, MP */
    and $0xfffffffb, %eax          /* EM */
    mov %eax, %cr0
    lgdt gdt_pointer
    ljmp $8, $long_mode

.code64
long_mode:
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $stack_top, %rsp
    xor %ebp, %ebp
    call kernel_main
2:  cli
    hlt
    jmp 2b

.section .rodata
.align 8
gdt:
    .quad 0, 0x00af9a000000ffff, 0x00cf92000000ffff
gdt_pointer:
    .word . - gdt - 1
    .long gdt

.bss
.align 4096
pml4: .skip 4096
pdpt: .skip 4096
pd:   .skip 4096
.skip 16384
stack_top:
.text
