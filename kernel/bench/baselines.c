/* The table of the opponents. */
#include "allocator.h"
#include "buddy.h"
#include "firstfit.h"
#include "list.h"
#include "tlsf.h"

#define BASELINE(name)                                                                                       \
    {                                                                                                        \
#name, name##_alloc, name##_free, name##_usable, name##_start, name##_space, name##_check            \
    }

const struct allocator baselines[BASELINE_COUNT] = {
    [BASELINE_FIRSTFIT] = BASELINE(firstfit),
    [BASELINE_TLSF] = BASELINE(tlsf),
    [BASELINE_BUDDY] = BASELINE(buddy),
    [BASELINE_LIST] = BASELINE(list),
};
