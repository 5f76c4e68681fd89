/* The deliberate faults: each is one function and one line of the table. What hosts see: docs/kernel.md. */
#include <synos/fault.h>

#include <stddef.h>
#include <stdint.h>
#include <synos/cmdline.h>
#include <synos/cpu.h>
#include <synos/ktest.h>
#include <synos/layout.h>
#include <synos/panic.h>
#include <synos/percpu.h>
#include <synos/report.h>
#include <synos/smp.h>
#include <synos/string.h>
#include <synos/uart.h>

#define NULL_FIELD       8ull                  /* as a field of a null struct */
#define NON_CANONICAL    0x8000000000000000ull /* bits 63..48 do not repeat bit 47 */
#define KEYBOARD_COMMAND 0x64
#define RESET_CONTROL    0xcf9

static bool test_shall_fail;

/* `ret`: would come back harmlessly if data could be executed. */
static unsigned char executable_bait[16] = {0xc3};

static void fault_ud(void)
{
    __asm__ volatile("ud2");
}

static void fault_pf(void)
{
    /* Read from memory: compilers refuse a null pointer that they can see. */
    volatile uint64_t *volatile field = (volatile uint64_t *)NULL_FIELD;
    *field = 1;
}

static void fault_gp(void)
{
    (void)*(volatile uint64_t *)NON_CANONICAL;
}

/* Each call keeps 1 KiB; the sum after the call keeps the compiler from making a loop of it. */
static __attribute__((noinline)) unsigned recurse(unsigned depth)
{
    volatile unsigned char ballast[1024];
    ballast[depth % sizeof ballast] = (unsigned char)depth;
    return depth == UINT32_MAX ? 0 : recurse(depth + 1) + ballast[depth % sizeof ballast];
}

static void fault_stack(void)
{
    (void)recurse(1);
}

static void fault_wtext(void)
{
    *(volatile char *)text_start = 0;
}

static void fault_xdata(void)
{
    void (*volatile code)(void) = (void (*)(void))executable_bait;
    code();
}

static void fault_panic(void)
{
    panic("deliberate panic (fault=panic)");
}

static void fault_triple(void)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) empty = {0, 0};
    __asm__ volatile("lidt %0\n\tint3" : : "m"(empty));
}

static void fault_reset(void)
{
    outb(KEYBOARD_COMMAND, 0xfe);
    /* Machines without a keyboard controller: a full reset, on the rising edge of bit 2. */
    outb(RESET_CONTROL, 0x02);
    outb(RESET_CONTROL, 0x06);
    cpu_halt();
}

static void fault_halt(void)
{
    cpu_halt();
}

static void fault_spin(void)
{
    __asm__ volatile("cli\n1: jmp 1b");
}

static void fault_flood(void)
{
    for (unsigned line = 0;; line++) uart_printf("flood line %u: this kernel never stops talking\n", line);
}

/* The pass code without an `end` record: a host that trusts exit codes alone calls this a success. */
static void fault_early(void)
{
    machine_exit(EXIT_PASSED);
}

static void fault_drop(void)
{
    report_damage_next(REPORT_DROP);
}

static void fault_repeat(void)
{
    report_damage_next(REPORT_REPEAT);
}

static void fault_corrupt(void)
{
    report_damage_next(REPORT_CORRUPT);
}

/* What a hostile guest says to the terminal and the CI service that show its log; the run goes on and passes.
 */
static void fault_escapes(void)
{
    static const char lines[] = "\x1b[2J\x1b[31mred screen\x1b[0m\n" /* CSI: clear, colour */
                                "\x1b]0;new window title\x07\n"      /* OSC: title */
                                "\x1b]52;c;c3lub3M=\x07\n"           /* OSC 52: clipboard */
                                "\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\\n"
                                "\x9b\x33\x31mC1 control\n" /* CSI as one byte, then 31m */
                                "progress 1%\rprogress 100%\b\b\b\b\n"
                                "::error::x\n"
                                "##[error]x\n"
                                "##vso[task.complete result=Succeeded;]x\n"
                                "\xe2\x80\xae right to left\n"
                                "<script>alert(1)</script>\n";
    uart_write(lines, sizeof lines - 1);
}

static void fault_testfail(void)
{
    test_shall_fail = true;
}

KTEST(fault, a_test_fails_when_testfail_asks_for_it)
{
    KTEST_TRUE(test, !test_shall_fail);
}

static void panic_here(void *argument)
{
    smp_barrier_wait(argument);
    panic("deliberate panic of cpu %u (fault=cpupanic or panics)", this_cpu()->index);
}

static void overflow_here(void *argument)
{
    (void)argument;
    (void)recurse(1);
}

/* The CPU that was started last: the boot CPU where there is no other. */
static uint64_t last_cpu(void)
{
    return 1ull << (cpu_count() - 1);
}

static void fault_cpupanic(void)
{
    struct smp_barrier alone = {.members = 1};
    smp_run(last_cpu(), panic_here, &alone);
}

static void fault_cpustack(void)
{
    smp_run(last_cpu(), overflow_here, NULL);
}

/* All at the same time: one of them is told, whole. */
static void fault_panics(void)
{
    struct smp_barrier all = {.members = cpu_count()};
    smp_run(SMP_ALL, panic_here, &all);
}

/* Records and lines of all CPUs at once must not run into each other; the run goes on and passes. */
static void chatter(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < 20; i++) {
        report_note("cpu %u says %u", this_cpu()->index, i);
        uart_printf("# cpu %u says %u in a line\n", this_cpu()->index, i);
    }
}

static void fault_chatter(void)
{
    smp_run(SMP_ALL, chatter, NULL);
}

static const struct {
    const char *name;
    void (*take)(void);
} faults[] = {
    {"ud", fault_ud},
    {"pf", fault_pf},
    {"gp", fault_gp},
    {"stack", fault_stack},
    {"wtext", fault_wtext},
    {"xdata", fault_xdata},
    {"panic", fault_panic},
    {"triple", fault_triple},
    {"reset", fault_reset},
    {"halt", fault_halt},
    {"spin", fault_spin},
    {"flood", fault_flood},
    {"early", fault_early},
    {"drop", fault_drop},
    {"repeat", fault_repeat},
    {"corrupt", fault_corrupt},
    {"escapes", fault_escapes},
    {"testfail", fault_testfail},
    {"cpupanic", fault_cpupanic},
    {"cpustack", fault_cpustack},
    {"panics", fault_panics},
    {"chatter", fault_chatter},
};

bool fault_wanted(const char *cmdline, const char *name)
{
    char wanted[32];
    return cmdline_get(cmdline, "fault", wanted, sizeof wanted) != NULL && strcmp(wanted, name) == 0;
}

void fault_before_output(const char *cmdline)
{
    if (fault_wanted(cmdline, "mute")) fault_spin();
}

/* An unknown name ends the run: a typo must not look like a fault that the kernel survived. */
void fault_after_hello(const char *cmdline)
{
    char wanted[32];
    if (cmdline_get(cmdline, "fault", wanted, sizeof wanted) == NULL) return;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        if (strcmp(wanted, faults[i].name) == 0) {
            uart_drain(); /* a reset would swallow what the UART still holds */
            faults[i].take();
            return;
        }
    }
    panic("fault=%s: no such fault; see docs/kernel.md", wanted);
}
