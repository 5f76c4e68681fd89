/* Tests of restartable ranges: where an interrupt at each of their instructions goes on. */
#include <synos/ktest.h>
#include <synos/restart.h>

extern const char restart_sample[], restart_sample_first[], restart_sample_end[];

/* A range with code before and behind it, all in the restart section. Never called. */
__asm__(".pushsection .text.restart, \"ax\", @progbits\n"
        "restart_sample:\n\t"
        "nop\n"
        "restart_sample_first:\n\t"
        "nop\n\tnop\n\tnop\n"
        "restart_sample_end:\n\t"
        "ret\n\t"
        ".popsection\n\t" RESTART_RANGE(restart_sample_first, restart_sample_end));

KTEST(lib_restart, inside_of_a_range_it_is_the_first_instruction)
{
    const uint64_t first = (uint64_t)restart_sample_first, end = (uint64_t)restart_sample_end;

    for (uint64_t rip = first; rip < end; rip++) KTEST_EQUAL(test, restart_point(rip), first);
}

KTEST(lib_restart, outside_of_all_ranges_nothing_changes)
{
    const uint64_t elsewhere[] = {(uint64_t)restart_sample,
                                  (uint64_t)restart_sample_end,
                                  (uint64_t)restart_text_start - 1,
                                  (uint64_t)restart_text_end,
                                  (uint64_t)restart_point_in_table,
                                  0,
                                  UINT64_MAX};

    for (unsigned i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
        KTEST_EQUAL(test, restart_point(elsewhere[i]), elsewhere[i]);
}
