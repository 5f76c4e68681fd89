/* Bad frees of pool pointers: what is wrong with them, told at the free. Nothing of the pools has changed by
 * then. */
#include <synos/profile.h>
#include "pool_debug.h"
#include "pool_private.h"

static bool is_in_window(const void *object)
{
    return (uintptr_t)object - POOL_BASE < POOL_SIZE;
}

static unsigned class_at(const void *object)
{
    return (unsigned)(((uintptr_t)object - POOL_BASE) >> POOL_CLASS_SHIFT);
}

size_t pool_class_bytes(const void *object)
{
    return is_in_window(object) ? pool_bytes(class_at(object)) : 0;
}

/* Where the object that holds this byte of the window starts, whether there is one or not: objects are
 * aligned to their size. */
static const char *start_of(const void *object)
{
    return (const char *)object - ((uintptr_t)object & (pool_bytes(class_at(object)) - 1));
}

/* Why a pointer into the window is not a live object: by the state of the object that would hold it. */
static enum misuse diagnose(const void *object)
{
    const char *start = start_of(object);

    switch (pool_states()[pool_granule(start)]) {
    case 0: return MISUSE_UNALLOCATED_FREE;
    case POOL_GONE: return MISUSE_RETURNED_FREE;
    default: /* a start that is live was free when the free was refused, and has been handed out since */
        return object == start ? MISUSE_DOUBLE_FREE : MISUSE_INTERIOR_FREE;
    }
}

void pool_report(enum misuse kind, const void *pointer)
{
    const void *owner = SYNOS_DEBUG ? pool_owner(start_of(pointer)) : NULL;

    misuse_report_object(kind, pointer, pool_class_bytes(pointer), owner);
}

void pool_free_refuse(void *object)
{
    pool_report(diagnose(object), object);
}

void pool_free_foreign(void *object)
{
    if (is_in_window(object))
        pool_free_refuse(object); /* off a granule */
    else
        misuse_report(MISUSE_FOREIGN_FREE, object);
}

bool pool_is_sized(const void *object, size_t bytes)
{
    const size_t usable = pool_usable(object);

    return usable == 0 || (bytes - 1 < POOL_LARGEST && (size_t)2 << pool_state_for(bytes) == usable);
}
