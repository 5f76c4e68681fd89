/*
 * The fast paths of the pools: pool_alloc and pool_free, kmalloc and kfree. Each pair differs only in who takes what the fast path leaves.
 *
 * Interrupts may arrive anywhere, and handlers may allocate and free: what must not be cut in two is a restartable range (restart.h).
 * Other CPUs never touch this one's cache. The state byte of an object is written by whoever owns it at that moment, without a lock: two
 * CPUs that free one object within these few instructions both succeed, and the second copy is found when it goes out (pool_alloc_slow).
 *
 * %rcx holds a state (pool_layout.h) in all of them; clobbered are %rax, %rcx, %rdx, %rsi and the flags, and the argument by
 * the slow paths.
 */
#include <synos/profile.h>
#include <synos/restart.h>
#include "pool_layout.h"

/* The debug profile has wrappers around these that poison and note who allocates (pool_debug.c). */
#if SYNOS_DEBUG
#define FAST(name) name##_fast
#define HEAP_ALLOC heap_alloc
#else
#define FAST(name) name
#define HEAP_ALLOC heap_alloc_beyond
#endif

    .section .text.restart, "ax", @progbits

/* void *name(size_t bytes); `slow` takes the same, and `large`, for more than the largest object, has bytes - 1 in %rcx besides. */
.macro define_alloc name, slow, large, is_likely=0
    .global \name
    .type \name, @function
    .balign 64
\name:
    lea -1(%rdi), %rcx
.if \is_likely
    cmp $(POOL_LARGEST_BYTES - 1), %rcx
    ja \large
.endif
    or $(POOL_STACK_SMALLEST - 1), %rcx
    bsr %rcx, %rcx                          /* 5 .. 63; 13 and more, and bytes = 0, find a stack that is always empty */
1:  mov %gs:POOL_FREED(, %rcx, 8), %rdx
    sub %gs:POOL_TAKEN(, %rcx, 8), %rdx
    movslq -4(%rdx), %rax
    lea -POOL_BASE(%rax), %rsi
    shr $POOL_GRANULE_SHIFT, %rsi
    cmpb $POOL_FREE, POOL_STATES(%rsi)
    jne 4f
    cmp %gs:POOL_LOWEST(, %rcx, 8), %rdx
    jae 2f
    mov %rdx, %gs:POOL_LOWEST(, %rcx, 8)
2:  addq $4, %gs:POOL_TAKEN(, %rcx, 8)      /* commits: the object is ours */
3:  restart_range 1b, 3b
    mov %cl, POOL_STATES(%rsi)
    ret
4:
.if \is_likely == 0
    cmp $POOL_LAST, %ecx
    ja \large
.endif
    jmp \slow
    .size \name, . - \name
.endm

/* void name(void *object) */
.macro define_free name, elsewhere
    .global \name
    .type \name, @function
    .balign 64
\name:
    lea -POOL_BASE(%rdi), %rax
    ror $POOL_GRANULE_SHIFT, %rax
    cmp $POOL_GRANULES, %rax
    jae \elsewhere
1:  movzbl POOL_STATES(%rax), %ecx
    cmp $POOL_FIRST, %ecx
    jb pool_free_refuse
    movb $POOL_FREE, POOL_STATES(%rax)      /* commits: whoever frees it now is told */
2:  restart_range 1b, 2b
    mov %gs:POOL_FREED(, %rcx, 8), %rsi
    mov %rsi, %rdx
    sub %gs:POOL_TAKEN(, %rcx, 8), %rdx
    test $(POOL_STACK_BYTES - 1), %edx
    jz 4f
    mov %edi, (%rdx)
    add $4, %rsi
    mov %rsi, %gs:POOL_FREED(, %rcx, 8)     /* commits: the object is in the cache */
3:  restart_range 2b, 3b
    ret
4:  mov %ecx, %esi
    jmp pool_free_full
    .size \name, . - \name
.endm

    .set POOL_STACK_SMALLEST, 1 << POOL_GRANULE_SHIFT
    .set POOL_LARGEST_BYTES, 2 << POOL_LAST

    define_alloc FAST(pool_alloc), pool_alloc_slow, pool_alloc_large
    define_alloc FAST(kmalloc), kmalloc_slow, HEAP_ALLOC, is_likely=1
    define_free FAST(pool_free), pool_free_foreign
    define_free FAST(kfree), kfree_elsewhere

    .section .note.GNU-stack, "", @progbits
