/* Poison and owners of the debug profile, and the wrappers around the fast paths that keep them. */
#include <synos/alloc.h>
#include <synos/frame.h>
#include <synos/heap.h>
#include <synos/misuse.h>
#include <synos/panic.h>
#include <synos/profile.h>
#include <synos/string.h>
#include <synos/vm.h>
#include "pool_debug.h"
#include "pool_private.h"

enum { POISON_FREE = 0xdb, POISON_NEW = 0xa5 };

void pool_poison(void *object, size_t bytes)
{
    memset(object, POISON_FREE, bytes);
}

void pool_check_poison(void *object, size_t bytes)
{
    const unsigned char *at = object;

    for (size_t i = 0; i < bytes; i++)
        if (at[i] != POISON_FREE) {
            misuse_report_object(MISUSE_WRITE_AFTER_FREE, object, bytes, pool_owner(object));
            break;
        }
    memset(object, POISON_NEW, bytes);
}

static uint32_t *owners(void)
{
    return (uint32_t *)POOL_OWNERS;
}

/* One entry a granule, but only objects' first granules are used, and of those only 1024 a class: as much is
 * mapped. */
void pool_owners_init(void)
{
    for (unsigned class = 0; class < POOL_CLASSES; class ++) {
        char *from = (char *)&owners()[pool_granule(pool_class_base(class))];
        const size_t bytes = (POOL_CAPACITY << class) * sizeof(uint32_t);

        for (size_t at = 0; at < bytes; at += PAGE_SIZE) {
            const uint64_t phys = frame_alloc(1);

            if (phys == 0 || vm_map(from + at, phys, 1, VM_READ | VM_WRITE) != 0)
                panic("no memory for the table of owners");
            memset(from + at, 0, PAGE_SIZE);
        }
    }
}

void pool_set_owner(const void *object, const void *owner)
{
    const uint64_t granule = pool_granule(object);

    if (granule < POOL_GRANULES) owners()[granule] = (uint32_t)(uintptr_t)owner;
}

const void *pool_owner(const void *object)
{
    const size_t bytes = pool_class_bytes(object), offset = (uintptr_t)object % (1ul << POOL_CLASS_SHIFT);

    if (bytes == 0 || offset % bytes != 0 || offset / bytes >= POOL_CAPACITY) return NULL;
    return pool_object(owners()[pool_granule(object)]); /* code lies in the last 2 GiB, as the pools do */
}

#if SYNOS_DEBUG
void *pool_alloc_fast(size_t bytes);
void *kmalloc_fast(size_t bytes);
void pool_free_fast(void *object);
void kfree_fast(void *object);

static void *adopt(void *object, const void *owner)
{
    const size_t usable = pool_usable(object);

    if (usable != 0) {
        pool_check_poison(object, usable);
        pool_set_owner(object, owner);
    } else if (object) {
        heap_set_owner(object, owner);
    }
    return object;
}

static void poison_live(void *object)
{
    const size_t usable = pool_usable(object);

    if (usable != 0) pool_poison(object, usable);
}

void *pool_alloc(size_t bytes)
{
    return adopt(pool_alloc_fast(bytes), __builtin_return_address(0));
}

void *kmalloc(size_t bytes)
{
    return adopt(kmalloc_fast(bytes), __builtin_return_address(0));
}

void pool_free(void *object)
{
    poison_live(object);
    pool_free_fast(object);
}

void kfree(void *object)
{
    poison_live(object);
    kfree_fast(object);
}
#endif
