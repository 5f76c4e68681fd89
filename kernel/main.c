/* The boot story, from the loader's hand-over to the exit of the machine. */
#include <synos/bench.h>
#include <synos/bootinfo.h>
#include <synos/clock.h>
#include <synos/cmdline.h>
#include <synos/fault.h>
#include <synos/frame.h>
#include <synos/heap.h>
#include <synos/ksym.h>
#include <synos/ktest.h>
#include <synos/layout.h>
#include <synos/panic.h>
#include <synos/pool.h>
#include <synos/report.h>
#include <synos/simd.h>
#include <synos/stack.h>
#include <synos/string.h>
#include <synos/trap.h>
#include <synos/uart.h>
#include <synos/vm.h>

void kernel_main(uint32_t magic, uint64_t info);

static const struct bootinfo *boot;

static void *create_stacks(void);
static void kernel_run(void);
static void start_memory(void);
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
    stack_enter(create_stacks(), kernel_run);
}

/* On the main stack, with everything protected. */
static void kernel_run(void)
{
    start_memory();                                          /* frames, pools, heap */
    report_hello(build_id(), 1, clock_khz(), boot->cmdline); /* the first byte on the line */
    fault_after_hello(boot->cmdline);                        /* a deliberate one, when asked for */
    unsigned failed = run_tests();                           /* KTAP, beside the records */
    failed += run_benchmarks();                              /* one record a figure */
    report_end();                                            /* without it the run is incomplete */
    machine_exit(failed == 0 ? EXIT_PASSED : EXIT_FAILED);
}

/* Returns the top of the main stack. A fault on a broken stack needs another one to be told on. */
static void *create_stacks(void)
{
    static const char *const ist_names[] = {[1] = "double fault", [2] = "NMI", [3] = "machine check"};
    void *main_stack = stack_create("main");
    for (unsigned ist = 1; ist < sizeof ist_names / sizeof ist_names[0]; ist++) {
        void *top = stack_create(ist_names[ist]);
        if (top == NULL) panic("no memory for the %s stack", ist_names[ist]);
        trap_set_ist(ist, top);
    }
    return main_stack;
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

static void start_memory(void)
{
    static struct mem_region reserved[BOOT_MODULES_MAX + 2];
    frame_init(boot->regions, boot->region_count, reserved, list_reserved(reserved));
    vm_set_frame_source(frame_alloc); /* arch/ may not call mm/, so it is told whom to ask */
    pool_init();
    heap_init();
}

static unsigned run_tests(void)
{
    char suites[256];
    return ktest_run(option("test", "all", suites, sizeof suites));
}

static unsigned run_benchmarks(void)
{
    char suites[256], clock[16];
    const char *unit = option("clock", "cycles", clock, sizeof clock);
    if (strcmp(unit, "cycles") != 0 && strcmp(unit, "instructions") != 0)
        panic("clock=%s: a tick is one of cycles or instructions", unit);
    unsigned unknown = bench_run(option("bench", "all", suites, sizeof suites), unit);
    bench_stats();
    return unknown;
}

static const char *option(const char *key, const char *otherwise, char *out, size_t capacity)
{
    return cmdline_get(boot->cmdline, key, out, capacity) != NULL ? out : otherwise;
}
