/* What is live at the end, by the place in the code that allocated it, as notes. Only the debug profile
 * knows. */
#include <synos/bench.h>
#include <synos/ksym.h>
#include <synos/leak.h>
#include <synos/report.h>

void bench_leaks(void)
{
    static struct leak_site sites[LEAK_SITES];
    const size_t count = leak_sites(sites);

    for (size_t i = 0; i < count; i++) {
        uint64_t offset = 0;
        const char *name = ksym_lookup((uint64_t)sites[i].owner, &offset);

        report_note("still live: %zu bytes in %zu blocks allocated by %s+0x%llx", sites[i].bytes,
                    sites[i].blocks, name ?: "?", (unsigned long long)offset);
    }
}
