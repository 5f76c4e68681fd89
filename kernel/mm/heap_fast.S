/*
 * The heap's fast paths while one CPU runs, in the release profile: heap_alloc and heap_free, and what kmalloc and kfree go on with.
 *
 * A run that was freed is kept whole in one of three slots for the next request of its length. Handlers may allocate and free anywhere: a
 * slot is read and emptied, or found empty and filled, in one restartable range (restart.h); its length, 0 when it is empty, is what
 * commits. Whoever clears the live bit of a run owns it until it is in a slot, and whoever takes it out until the bit is set.
 *
 * When CPUs share the heap, no slot is ever filled here and no unit lies below the limit: everything goes the way of heap.c.
 */
#include <synos/irq.h>
#include <synos/profile.h>
#include <synos/restart.h>
#include "heap_layout.h"

#if !SYNOS_DEBUG
    .section .text.restart, "ax", @progbits

/* Takes what is kept in `slot` when its length is %rcx: its block in %rax, its descriptor in %rdx; else goes on at \else. */
.macro take slot, else
1:  cmp %rcx, %gs:HEAP_KEPT_LENGTH(\slot)
    jne \else
    mov %gs:HEAP_KEPT_BLOCK(\slot), %rax
    mov %gs:HEAP_KEPT_RUN(\slot), %rdx
    movq $0, %gs:HEAP_KEPT_LENGTH(\slot)    /* commits: the run is ours */
2:  restart_range 1b, 2b
.endm

/* void *heap_alloc(size_t bytes); heap_alloc_beyond has bytes - 1 in %rcx already. A request for 0 bytes has more units than any run. */
    .global heap_alloc, heap_alloc_beyond
    .type heap_alloc, @function
    .balign 64
heap_alloc:
    lea -1(%rdi), %rcx
heap_alloc_beyond:
    shr $HEAP_UNIT_SHIFT, %rcx
    inc %rcx
    take 0, 5f
4:  mov %edi, HEAP_RUN_BYTES(%rdx)
    orl $(1 << HEAP_LIVE_BIT), (%rdx)
    incq %gs:HEAP_HITS
    sub %rcx, heap + HEAP_HEADROOM(%rip)
    js 7f
    ret
5:  take 1, 6f
    jmp 4b
6:  take 2, heap_alloc_new
    jmp 4b
7:  mov %rax, %rdi
    jmp heap_note_peak
    .size heap_alloc, . - heap_alloc

/* Joins the run that is kept in `slot`, with interrupts off. */
.macro join slot
    mov %gs:HEAP_KEPT_LENGTH(\slot), %esi
    test %esi, %esi
    jz 1f
    mov %gs:HEAP_KEPT_RUN(\slot), %rdi
    movq $0, %gs:HEAP_KEPT_LENGTH(\slot)
    call heap_join_run
1:
.endm

/* No slot holds a run of %rcx units, for %rdi bytes: all are joined, and one is taken out of the arena. */
    .type heap_alloc_new, @function
heap_alloc_new:
    cmpq $0, heap + HEAP_QUICK_UNITS(%rip)
    je heap_alloc_slow
    cmp $HEAP_UNITS_MOST, %rcx
    ja heap_alloc_slow                      /* which refuses it */
    irq_push
    push %rdi
    push %rcx
    join 0
    join 1
    join 2
    mov (%rsp), %edi
    call heap_take
    test %eax, %eax
    jz 3f
2:  pop %rcx
    pop %rdi
    mov %eax, %eax
    movabs $HEAP_TABLE, %rdx
    mov %rax, %rsi
    shl $HEAP_RUN_SHIFT, %rsi
    add %rsi, %rdx
    movabs $HEAP_BASE, %rsi
    shl $HEAP_UNIT_SHIFT, %rax
    add %rsi, %rax
    incq heap + HEAP_NEW(%rip)
    mov %edi, HEAP_RUN_BYTES(%rdx)
    mov %ecx, %esi
    or $(1 << HEAP_LIVE_BIT), %esi
    mov %esi, (%rdx)
    sub %rcx, heap + HEAP_HEADROOM(%rip)
    js 4f
    irq_pop
    ret
3:  mov (%rsp), %edi
    mov 16(%rsp), %rsi
    call heap_take_more
    test %eax, %eax
    jnz 2b
    add $16, %rsp
    irq_pop
    ret
4:  irq_pop
    jmp 7b
    .size heap_alloc_new, . - heap_alloc_new

/* Keeps the run of %rdx units with descriptor %rsi and block %rdi in `slot` when that is empty; else goes on at \else. */
.macro keep slot, else
1:  cmpq $0, %gs:HEAP_KEPT_LENGTH(\slot)
    jne \else
    mov %rdi, %gs:HEAP_KEPT_BLOCK(\slot)
    mov %rsi, %gs:HEAP_KEPT_RUN(\slot)
    mov %rdx, %gs:HEAP_KEPT_LENGTH(\slot)   /* commits */
2:  restart_range 1b, 2b
    ret
.endm

/* void name(void *block); `elsewhere` takes what is no unit's start below the limit. */
.macro define_free name, elsewhere
    .global \name
    .type \name, @function
    .balign 64
\name:
    movabs $-HEAP_BASE, %rax
    add %rdi, %rax
    ror $HEAP_UNIT_SHIFT, %rax              /* off a unit: a large number */
    cmp heap + HEAP_QUICK_UNITS(%rip), %rax
    jae \elsewhere
    movabs $HEAP_TABLE, %rsi
    shl $HEAP_RUN_SHIFT, %rax
    add %rax, %rsi
    btrl $HEAP_LIVE_BIT, (%rsi)             /* whoever frees it now is told */
    jnc heap_refuse
    mov (%rsi), %edx
    add %rdx, heap + HEAP_HEADROOM(%rip)
    keep 0, 5f
5:  keep 1, 6f
6:  keep 2, heap_keep_instead
    .size \name, . - \name
.endm

    define_free heap_free, heap_free_slow
    define_free kfree_elsewhere, kfree_slow
#endif

    .section .note.GNU-stack, "", @progbits
