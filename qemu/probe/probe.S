/*
 * The guest that proves an accelerator: an ELF file made by hand, started over PVH as SynOS's kernel is. It must pass the firmware,
 * enter long mode, take an exception and come back, and speak over the serial port; then it ends QEMU with exit code 85.
 *
 *   as --64 -o probe.o probe.S && ld -m elf_x86_64 -Ttext=0x100000 --oformat binary -e 0 -o probe.elf probe.o
 *
 * image.ts holds the bytes, so that a machine without an assembler can probe, too; a test compares the two.
 */
.set BASE, 0x100000
.set TABLES, 0x110000           /* root, directory of directories, directory: one page each */
.set IDT, 0x113000
.set STACK_TOP, 0x118000
.set COM1, 0x3f8
.set EXIT_PORT, 0xf4
.set EXIT_VALUE, 42             /* 2 * 42 + 1 = 85 */

    .text
elf_header:
    .byte 0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
    .short 2, 62                /* executable, x86-64 */
    .long 1
    .quad entry
    .quad program_headers - elf_header, 0
    .long 0
    .short 64, 56, 2, 64, 0, 0
program_headers:
    .long 1, 7                  /* load, all of the file */
    .quad 0, BASE, BASE, end - elf_header, end - elf_header, 4096
    .long 4, 4                  /* the note with the PVH entry point, XEN_ELFNOTE_PHYS32_ENTRY */
    .quad note - elf_header, note, note, note_end - note, note_end - note, 4
    .balign 4
note:
    .long 4, 8, 18
    .asciz "Xen"
    .quad entry
note_end:

    .code32
entry:
    cli
    cld
    mov $TABLES, %edi
    xor %eax, %eax
    mov $(4 * 4096 / 4), %ecx
    rep stosl
    movl $(TABLES + 0x1003), TABLES
    movl $(TABLES + 0x2003), TABLES + 0x1000
    movl $0x83, TABLES + 0x2000         /* the first 2 MiB, where everything lies */
    mov $TABLES, %eax
    mov %eax, %cr3
    mov %cr4, %eax
    or $0x20, %eax                      /* physical address extension */
    mov %eax, %cr4
    mov $0xc0000080, %ecx               /* EFER: long mode enable */
    rdmsr
    or $0x100, %eax
    wrmsr
    mov %cr0, %eax
    or $0x80000001, %eax                /* paging, protection */
    mov %eax, %cr0
    lgdt gdt_pointer
    ljmp $0x08, $long_mode

    .code64
long_mode:
    mov $0x10, %eax
    mov %eax, %ss
    mov %eax, %ds
    mov %eax, %es
    mov $STACK_TOP, %esp

    /* Gate 6, invalid opcode: offset 15..0, selector, present interrupt gate, offset 31..16; the rest is zero. */
    mov $invalid_opcode, %eax
    movw %ax, IDT + 6 * 16
    movw $0x08, IDT + 6 * 16 + 2
    movw $0x8e00, IDT + 6 * 16 + 4
    shr $16, %eax
    movw %ax, IDT + 6 * 16 + 6
    lidt idt_pointer
    ud2
    mov $text, %esi
1:  mov $(COM1 + 5), %edx
    inb %dx, %al
    test $0x20, %al                     /* transmitter empty */
    jz 1b
    lodsb
    mov $COM1, %edx
    outb %al, %dx
    cmp $'\n', %al
    jne 1b
2:  inb $0x80, %al                      /* let the last byte out */
    mov $(COM1 + 5), %edx
    inb %dx, %al
    test $0x40, %al
    jz 2b
    mov $EXIT_VALUE, %eax
    mov $EXIT_PORT, %edx
    outl %eax, %dx
3:  cli
    hlt
    jmp 3b

invalid_opcode:
    addq $2, (%rsp)                     /* behind the ud2 */
    iretq

    .balign 8
gdt:
    .quad 0, 0x00af9a000000ffff, 0x00cf92000000ffff
gdt_pointer:
    .short 23
    .quad gdt
idt_pointer:
    .short 7 * 16 - 1
    .quad IDT
text:
    .ascii "synos probe ran\n"
end:
