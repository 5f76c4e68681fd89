/* What the panic of a bad free of a pool's object says: how large objects are there and, in the debug
 * profile, who allocated it. Panics end in a process only. */
#include <synos/alloc.h>
#include <synos/ktest.h>
#include <synos/pool.h>
#include <synos/profile.h>
#include "../../mm/pool_private.h"
#include "shim.h"

#define TOLD (SYNOS_DEBUG ? ", object of 1024 bytes, allocated by " : ", object of 1024 bytes")

KTEST(mm_told, every_bad_free_of_an_object_says_its_size_and_who_allocated_it)
{
    char *object = kmalloc(1000);

    KTEST_TRUE(test, SHIM_PANICS(TOLD, kfree(object + 64)));
    KTEST_TRUE(test, SHIM_PANICS(TOLD, kfree_sized(object, 64)));
    kfree(object);
    KTEST_TRUE(test, SHIM_PANICS(TOLD, kfree(object)));
}

KTEST(mm_told, an_object_that_was_freed_twice_at_the_same_moment_is_told_with_who_allocated_it)
{
    void *object = pool_alloc(1024);

    for (int round = 0; round < 2; round++) {
        pool_free(object);
        pool_states()[pool_granule(object)] = POOL_FIRST + 4;
        pool_free(object);
        void *again = pool_alloc(1024);
        KTEST_TRUE(test, again == object);
        if (round == 0)
            KTEST_TRUE(test, SHIM_PANICS(TOLD, pool_alloc(1024)));
        else
            KTEST_TRUE(test, SHIM_PANICS(TOLD, pool_trim()));
    }
    pool_free(object);
    KTEST_TEXT(test, pool_check() ?: "sound", "sound");
}
