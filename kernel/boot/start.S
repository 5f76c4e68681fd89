/*
 * First instructions: from 32-bit protected mode (PVH and multiboot2 both hand over so) to C in the higher half.
 *
 * The tables built here last until vm_init(): 4 GiB from physical 0, seen at 0 (for this code), at DIRECT_MAP_BASE (for
 * phys_to_virt) and, its first GiB, at KERNEL_BASE. All in 2 MiB pages, writable and executable: nothing is protected yet.
 * Each other CPU passes through the same tables on its way (arch/x86_64/ap_start.S).
 */
#include <synos/layout.h>

#define PHYS(symbol) (symbol - KERNEL_BASE_AS)
.set KERNEL_BASE_AS, 0xffffffff80000000

.set PVH_MAGIC, 0x336ec578      /* "xEn3" with the top bit set: the magic inside the start info */
.set PAGE_PRESENT_WRITE, 0x3
.set PAGE_LARGE, 0x83           /* present, writable, 2 MiB */
.set COM1, 0x3f8

/* PVH: a note that names the 32-bit entry point (Xen public/elfnote.h, XEN_ELFNOTE_PHYS32_ENTRY = 18). */
    .section .note.xen, "a", @note
    .balign 4
    .long 4, 8, 18
    .asciz "Xen"
    .quad pvh_start             /* QEMU reads it as 64 bits */

/* Multiboot2 specification 3.1. All tags are requests that a loader may decline: no framebuffer is wanted, so that
   UEFI machines without a text console boot too; boot services are left by GRUB, which then enters in 32-bit mode. */
    .section .multiboot2, "a"
    .balign 8
multiboot_header:
    .long 0xe85250d6, 0, multiboot_header_end - multiboot_header
    .long -(0xe85250d6 + 0 + (multiboot_header_end - multiboot_header))
    .balign 8
1:  .short 1, 1                 /* information request, optional: command line, loader, modules, memory map, both kinds of ACPI pointer */
    .long 2f - 1b
    .long 1, 2, 3, 6, 14, 15
2:  .balign 8
    .short 3, 0                 /* entry address: physical, for BIOS and UEFI alike */
    .long 12, multiboot_start
    .balign 8
    .short 4, 1                 /* console: none required, a text one tolerated */
    .long 12, 2
    .balign 8
    .short 6, 1                 /* modules on page boundaries, so that their frames are theirs alone */
    .long 8
    .short 0, 0
    .long 8
multiboot_header_end:

    .section .boot.text, "ax"
    .code32
    .global pvh_start, multiboot_start, boot_gdt
pvh_start:
    mov $PVH_MAGIC, %eax
multiboot_start:
    cli
    cld
    mov $PHYS(boot_stack_top), %esp
    mov %eax, %ebp              /* survives cpuid */
    mov %ebx, %esi

    mov $0x80000000, %eax
    cpuid
    cmp $0x80000001, %eax
    jb no_long_mode
    mov $0x80000001, %eax
    cpuid
    bt $29, %edx
    jnc no_long_mode

    /* Four page directories cover 4 GiB. */
    mov $PHYS(boot_directories), %edi
    mov $PAGE_LARGE, %eax
    mov $2048, %ecx
1:  mov %eax, (%edi)
    add $0x200000, %eax
    add $8, %edi
    dec %ecx
    jnz 1b

    mov $PHYS(boot_low), %edi
    mov $(PHYS(boot_directories) + PAGE_PRESENT_WRITE), %eax
    mov %eax, (PHYS(boot_high) + 510 * 8)
    mov $4, %ecx
2:  mov %eax, (%edi)
    add $0x1000, %eax
    add $8, %edi
    dec %ecx
    jnz 2b

    movl $(PHYS(boot_low) + PAGE_PRESENT_WRITE), PHYS(boot_root)
    movl $(PHYS(boot_low) + PAGE_PRESENT_WRITE), (PHYS(boot_root) + 256 * 8)
    movl $(PHYS(boot_high) + PAGE_PRESENT_WRITE), (PHYS(boot_root) + 511 * 8)

    mov $PHYS(boot_root), %eax
    mov %eax, %cr3
    mov %cr4, %eax
    or $(1 << 5), %eax          /* PAE */
    mov %eax, %cr4
    mov $0xc0000080, %ecx       /* EFER */
    rdmsr
    or $(1 << 8), %eax          /* long mode enable */
    wrmsr
    mov %cr0, %eax
    or $0x80000001, %eax        /* paging, protection */
    mov %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $0x08, $start64

/* Says why on the serial line as it stands, without programming it, and stops: nothing else works yet. */
no_long_mode:
    mov $no_long_mode_text, %esi
    mov $COM1, %dx
3:  lodsb
    test %al, %al
    jz 4f
    out %al, (%dx)
    jmp 3b
4:  mov $0x12, %eax             /* EXIT_PANIC */
    out %eax, $0xf4
5:  hlt
    jmp 5b
no_long_mode_text:
    .asciz "PANIC: this CPU has no 64-bit mode; use qemu-system-x86_64 or another machine\n"

    .code64
start64:
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
    mov $boot_stack_top, %rsp
    mov %ebp, %edi              /* kernel_main(magic, info) */
    mov %esi, %esi
    xor %ebp, %ebp              /* ends every backtrace */
    mov $kernel_main, %rax
    call *%rax
    ud2

    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9a000000ffff    /* 64-bit code */
boot_gdt_pointer:
    .short boot_gdt_pointer - boot_gdt - 1
    .long boot_gdt

    .section .bss.boot, "aw", @nobits
    .balign 4096
boot_root:
    .skip 4096
boot_low:
    .skip 4096
boot_high:
    .skip 4096
boot_directories:
    .skip 4 * 4096
    .global boot_root, boot_stack, boot_stack_top
boot_stack:
    .skip 16384
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
