/*
 * Spin locks. A holder has interrupts off, so that no handler of its own CPU can wait for it for ever;
 * sections are short.
 *
 *     const uint64_t flags = spin_lock(&lock);
 *     ...
 *     spin_unlock(&lock, flags);
 */
#ifndef SYNOS_SPINLOCK_H
#define SYNOS_SPINLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <synos/cpu.h>
#include <synos/irq.h>

struct spinlock {
    bool held;
};

static inline bool spin_try(struct spinlock *lock)
{
    return !__atomic_exchange_n(&lock->held, true, __ATOMIC_ACQUIRE);
}

/*
 * One turn of any loop that waits for another CPU: pauses, and flushes what the others want flushed from this
 * CPU's TLB. Without that, a CPU that waits with interrupts off and one that unmaps memory would wait for
 * each other.
 */
void spin_wait(void);

/* Takes the lock; returns what spin_unlock needs to restore the interrupt flag. */
static inline uint64_t spin_lock(struct spinlock *lock)
{
    const uint64_t flags = irq_save();

    while (!spin_try(lock))
        while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED)) spin_wait();
    return flags;
}

static inline void spin_unlock(struct spinlock *lock, uint64_t flags)
{
    __atomic_store_n(&lock->held, false, __ATOMIC_RELEASE);
    irq_restore(flags);
}

#endif
