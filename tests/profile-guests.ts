// Guests of a few lines whose call trees are known to the last instruction.

/** Ends with the counter of instructions on the serial port, raw, and 12 instructions behind it. */
const tellCount = `
 rdtsc
 mov $0x3f8, %edx
 mov $0x3f8, %edx
 outb %al, %dx
 shr $8, %eax
 outb %al, %dx
 shr $8, %eax
 outb %al, %dx
 shr $8, %eax
 outb %al, %dx
 leave 16
`;

/** Calls, a recursion, a tail call, a longjmp over three calls, and two threads that take turns. */
export const callsGuest = `
 call main
 jmp tell
main:
 call leaf_of_4
 call leaf_of_4
 mov $5, %ecx
 call recursion
 call with_tail
 call catches
 call first_thread
 ret
leaf_of_4:
 nop
 nop
 nop
 ret
recursion:
 dec %ecx
 jz 1f
 call recursion
1: ret
with_tail:
 nop
 jmp leaf_of_4
catches:
 mov %esp, %ebp
 mov $1f, %edi
 call deep_1
1: nop
 ret
deep_1: call deep_2
 ret
deep_2: call deep_3
 ret
deep_3: mov %ebp, %esp
 jmp *%edi
first_thread:
 movl $second_thread, 0x6fffc
 movl $0x6ffe0, theirs
 mov $3, %ebx
1: call work_of_first
 call yield
 dec %ebx
 jnz 1b
 ret
work_of_first:
 nop
 ret
second_thread:
 mov $100, %ebx
2: call work_of_second
 call pause
 jmp 2b
work_of_second:
 nop
 nop
 nop
 ret
pause:
 call yield
 ret
yield:
 push %ebx
 push %ebp
 push %esi
 push %edi
 sub $12, %esp
 mov %esp, %ecx
 xchg theirs, %ecx
 mov %ecx, %esp
 add $12, %esp
 pop %edi
 pop %esi
 pop %ebp
 pop %ebx
 ret
 .data
 .balign 4
theirs: .long 0
 .text
tell:
${tellCount}`;

/** A software interrupt, faults that are mended (before and in the middle of a block), and a timer, in a loop that waits for it. */
export const interruptsGuest = `
 mov $soft_handler, %eax
 mov $0x30, %ecx
 call set_gate
 mov $divide_handler, %eax
 mov $0, %ecx
 call set_gate
 mov $timer_handler, %eax
 mov $0x20, %ecx
 call set_gate
 lidt idt_pointer
 int $0x30
 int $0x30
 call divides
 mov $0xfee00000, %edi
 movl $0x1ff, 0xf0(%edi)
 movl $0x20020, 0x320(%edi)
 movl $0xb, 0x3e0(%edi)
 movl $3000, 0x380(%edi)
 sti
 call waits
 cli
 jmp tell
waits:
1: call counts
 cmpl $20, ticks
 jb 1b
 ret
counts:
 nop
 ret
divides:
 xor %edx, %edx
 xor %ecx, %ecx
 mov $7, %eax
 nop
 div %ecx
 nop
 ret
soft_handler:
 iret
divide_handler:
 mov $1, %ecx
 iret
timer_handler:
 call in_timer
 movl $0, 0xb0(%edi)
 iret
in_timer:
 incl ticks
 ret
set_gate:
 mov %ax, idt(,%ecx,8)
 mov %cs, idt+2(,%ecx,8)
 movw $0x8e00, idt+4(,%ecx,8)
 shr $16, %eax
 mov %ax, idt+6(,%ecx,8)
 ret
 .data
 .balign 8
idt: .fill 49, 8, 0
ticks: .long 0
idt_pointer: .word 49*8-1
 .long idt
 .text
tell:
${tellCount}`;

/** The second CPU counts to 1000 in a function of its own, while the first waits. */
export const twoCpusGuest = `
 mov $trampoline, %esi
 mov $0x8000, %edi
 mov $trampoline_end - trampoline, %ecx
 rep movsb
 mov $0xfee00300, %ebx
 movl $0x000c4500, (%ebx)
 mov $1000, %ecx
1: loop 1b
 movl $0x000c4608, (%ebx)
 call waits_for_second
 jmp tell
waits_for_second:
1: pause
 cmpl $1, there
 jne 1b
 ret
trampoline:
 .code16
 cli
 lgdtl %cs:second_pointer - trampoline
 mov %cr0, %eax
 or $1, %al
 mov %eax, %cr0
 ljmpl $8, $second
second_pointer: .word 23
 .long second_gdt
trampoline_end:
 .code32
second:
 mov $0x10, %ax
 mov %ax, %ds
 mov %ax, %ss
 mov $0x70000, %esp
 call counts_to_1000
 movl $1, there
2: cli
 hlt
 jmp 2b
counts_to_1000:
 mov $1000, %ecx
1: loop 1b
 ret
 .data
 .balign 8
second_gdt: .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
there: .long 0
 .text
tell:
${tellCount}`;
