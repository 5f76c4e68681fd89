/* 512 bytes that a BIOS loads to 0x7c00: adds some numbers, says on the serial port whether they are right, and stops. */
.code16
.globl _start
_start:
    cli
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %ss
    mov $0x7c00, %sp

    mov $100, %cx                  /* 1 + ... + 100 */
    xor %bx, %bx
1:  add %cx, %bx
    loop 1b
    mov $good, %si
    cmp $5050, %bx
    je print
    mov $bad, %si
print:
    mov $0x3fd, %dx
    in %dx, %al
    test $0x20, %al
    jz print
    lodsb
    test %al, %al
    jz stop
    mov $0x3f8, %dx
    out %al, %dx
    jmp print
stop:
    hlt
    jmp stop

good: .asciz "boot sector: sum is right\r\n"
bad:  .asciz "boot sector: sum is wrong\r\n"

.org 510
    .word 0xaa55
