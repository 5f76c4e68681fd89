/* Runs the kernel's tests of lib/, mm/ and the record format in a process. Arguments: [suites, default all]
 * [seconds a model test]. */
#include <stdio.h>
#include <stdlib.h>
#include <synos/heap.h>
#include <synos/ktest.h>
#include <synos/pool.h>
#include "model.h"
#include "shim.h"

int main(int count, char **arguments)
{
    shim_init();
    pool_init();
    heap_init();
    if (count > 2) model_seconds = (unsigned)strtoul(arguments[2], NULL, 10);
    const unsigned failed = ktest_run(count > 1 ? arguments[1] : "all");
    fflush(stdout);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
