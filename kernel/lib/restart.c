/* Finds the restartable range that an interrupt hit; the table comes from the linker. */
#include <synos/restart.h>

struct range {
    uint64_t first, end;
};

extern const struct range restart_table_start[], restart_table_end[];

uint64_t restart_point_in_table(uint64_t rip)
{
    for (const struct range *range = restart_table_start; range < restart_table_end; range++)
        if (rip - range->first < range->end - range->first) return range->first;
    return rip;
}
