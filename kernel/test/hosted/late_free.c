/* A second free of an object that saw it live and comes to its end only while the object's memory goes back:
 * on another CPU it may take as long as that CPU needs to flush its TLB. */
#include <synos/ktest.h>
#include <synos/pool.h>
#include <synos/vm.h>
#include "../../mm/pool_private.h"
#include "../misuse_trap.h"
#include "shim.h"

static void *late, *got;

static void free_late(void)
{
    shim_on_unmap(NULL);
    pool_states()[pool_granule(late)] = POOL_LAST;
    pool_free(late);
}

static void allocate(void *ignored)
{
    (void)ignored;
    got = pool_alloc(POOL_LARGEST);
}

KTEST(mm_late, an_object_freed_again_while_its_memory_goes_back_is_not_handed_out)
{
    pool_trim();
    late = pool_alloc(POOL_LARGEST);
    pool_free(late);
    shim_on_unmap(free_late);
    pool_trim();
    const struct misuse_trap trap = misuse_of(allocate, NULL);
    KTEST_TRUE(test, got && vm_frame(got) != 0);
    KTEST_TRUE(test, trap.count == 1 && trap.kind == MISUSE_DOUBLE_FREE && trap.pointer == late);
    pool_free(got);
    KTEST_TEXT(test, pool_check() ?: "sound", "sound");
}
