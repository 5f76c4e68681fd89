/* The boot story, from the loader's hand-over to the exit of the machine. */
#include <synos/bench.h>
#include <synos/bootinfo.h>
#include <synos/clock.h>
#include <synos/cmdline.h>
#include <synos/errors.h>
#include <synos/fault.h>
#include <synos/fmt.h>
#include <synos/frame.h>
#include <synos/heap.h>
#include <synos/interrupt.h>
#include <synos/ksym.h>
#include <synos/ktest.h>
#include <synos/layout.h>
#include <synos/panic.h>
#include <synos/percpu.h>
#include <synos/pool.h>
#include <synos/report.h>
#include <synos/simd.h>
#include <synos/smp.h>
#include <synos/stack.h>
#include <synos/string.h>
#include <synos/trace.h>
#include <synos/trap.h>
#include <synos/uart.h>
#include <synos/vm.h>

void kernel_main(uint32_t magic, uint64_t info);

static const struct bootinfo *boot;
static const char *clock_unit; /* of all figures in ticks */

static void kernel_run(void);
static void start_clock(void);
static void start_memory(void);
static struct smp_outcome start_cpus(void);
static void note_missing_cpus(const struct smp_outcome *cpus);
static unsigned run_tests(void);
static unsigned run_benchmarks(void);
static const char *option(const char *key, const char *otherwise, char *out, size_t capacity);

/* On boot's stack and tables, nothing protected yet. `magic`, `info`: EAX and EBX as the loader left them. */
void kernel_main(uint32_t magic, uint64_t info)
{
    uart_init();                        /* first, so that whatever fails can say so */
    trap_init();                        /* from here on a fault is a dump and not a reset */
    simd_init();                        /* vector registers, for the files that ask for them by name */
    boot = bootinfo_read(magic, info);  /* memory map, modules, command line: out of the loader's memory */
    fault_before_output(boot->cmdline); /* before the first byte on the line */
    vm_init(boot);                      /* own page tables: W^X, direct map, nothing in the lower half */
    void *stack = stack_create("main"); /* with a guard page under it */
    percpu_init();                      /* this CPU's slot, and its stacks for exceptions */
    stack_enter(stack, kernel_run);
}

/* On the main stack, with everything protected. */
static void kernel_run(void)
{
    start_clock();                                                     /* what a tick is */
    start_memory();                                                    /* frames, pools, heap */
    const struct smp_outcome cpus = start_cpus();                      /* interrupts, and the other CPUs */
    report_hello(build_id(), cpu_count(), clock_khz(), boot->cmdline); /* the first byte on the line */
    note_missing_cpus(&cpus);
    fault_after_hello(boot->cmdline); /* a deliberate one, when asked for */
    unsigned failed = run_tests();    /* KTAP, beside the records */
    failed += run_benchmarks();       /* one record a figure */
    report_end();                     /* without it the run is incomplete */
    machine_exit(failed == 0 ? EXIT_PASSED : EXIT_FAILED);
}

/* What lives in RAM already: firmware's first MiB, the image, the first page tables and stacks, modules. */
static size_t list_reserved(struct mem_region *reserved)
{
    size_t count = 0;
    reserved[count++] = (struct mem_region){.base = 0, .length = virt_to_phys(image_end)};
    vm_reserved(&reserved[count].base, &reserved[count].length);
    count++;
    for (size_t i = 0; i < boot->module_count; i++)
        reserved[count++] =
            (struct mem_region){.base = boot->modules[i].base, .length = boot->modules[i].length};
    return count;
}

/* Where a tick is an instruction (QEMU's -icount shift=0), a tick is a nanosecond as well. */
static void start_clock(void)
{
    static char word[16];
    clock_unit = option("clock", "cycles", word, sizeof word);
    if (strcmp(clock_unit, "instructions") == 0)
        clock_set_khz(1000000);
    else if (strcmp(clock_unit, "cycles") != 0)
        panic("clock=%s: a tick is one of cycles or instructions", clock_unit);
}

static void start_memory(void)
{
    static struct mem_region reserved[BOOT_MODULES_MAX + 2];
    frame_init(boot->regions, boot->region_count, reserved, list_reserved(reserved));
    vm_set_frame_source(frame_alloc); /* arch/ may not call mm/, so it is told whom to ask */
    pool_init();
    heap_init();
}

/* The number of `cpus=`: as many as there are, unless the command line says less. */
static unsigned cpu_limit(void)
{
    char word[8];
    unsigned limit = 0;
    const char *digits = option("cpus", "64", word, sizeof word);
    for (const char *at = digits; *at >= '0' && *at <= '9' && limit <= CPUS_MAX; at++)
        limit = limit * 10 + (unsigned)(*at - '0');
    char again[8];
    fmt_snprintf(again, sizeof again, "%u", limit);
    if (limit < 1 || limit > CPUS_MAX || strcmp(again, digits) != 0)
        panic("cpus=%s: must be a number from 1 to %d", digits, CPUS_MAX);
    return limit;
}

static void ready_pools(void *ignored)
{
    (void)ignored;
    pool_start_cpu(cpu_count());
}

static struct smp_outcome start_cpus(void)
{
    interrupt_init();
    const struct smp_outcome outcome = smp_start(boot, cpu_limit());
    if (cpu_count() > 1) heap_share();
    smp_run(SMP_ALL, ready_pools, NULL); /* how much each may cache depends on how many they are */
    return outcome;
}

static void note_missing_cpus(const struct smp_outcome *cpus)
{
    if (cpus->tables == ERR_CORRUPT) report_note("the ACPI tables are damaged: no other CPU was looked for");
    if (cpus->missing > 0)
        report_note("%u of %u CPUs did not start in time, the first of them the one with APIC id %u",
                    cpus->missing, cpus->present, cpus->first_id);
}

static unsigned run_tests(void)
{
    char suites[256];
    return ktest_run(option("test", "all", suites, sizeof suites));
}

static unsigned run_benchmarks(void)
{
    char suites[256];
    trace_collect(boot);
    unsigned failed = bench_run(option("bench", "all", suites, sizeof suites), clock_unit);
    bench_stats();
    bench_leaks();
    return failed;
}

static const char *option(const char *key, const char *otherwise, char *out, size_t capacity)
{
    return cmdline_get(boot->cmdline, key, out, capacity) != NULL ? out : otherwise;
}
