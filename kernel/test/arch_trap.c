/* Tests of exceptions and of the symbol table that their dumps use. */
#include <synos/clock.h>
#include <synos/cpu.h>
#include <synos/ksym.h>
#include <synos/ktest.h>
#include <synos/layout.h>
#include <synos/string.h>
#include <synos/trap.h>

static void do_nothing(void *argument)
{
    (void)argument;
}

static void invalid_opcode(void *argument)
{
    (void)argument;
    __asm__ volatile("ud2");
}

static void divide_by_zero(void *argument)
{
    (void)argument;
    __asm__ volatile("divl %0" : : "r"(0), "a"(1), "d"(0));
}

static void read_non_canonical(void *argument)
{
    (void)argument;
    (void)*(volatile char *)0x8000000000000000ull;
}

/* A push onto a page that is not there cannot deliver its own fault: only the double fault's own stack can.
 */
static void lose_the_stack(void *argument)
{
    (void)argument;
    __asm__ volatile("mov %0, %%rsp\n\tpush %%rax" : : "r"(STACK_BASE + PAGE_SIZE) : "memory");
    __builtin_unreachable();
}

KTEST(arch_trap, a_body_that_returns_was_not_stopped)
{
    uint64_t address = 1;
    KTEST_EQUAL(test, trap_catch(do_nothing, NULL, &address), -1);
    KTEST_EQUAL(test, address, 0);
}

KTEST(arch_trap, each_exception_arrives_under_its_own_vector)
{
    KTEST_EQUAL(test, trap_catch(invalid_opcode, NULL, NULL), TRAP_INVALID_OPCODE);
    KTEST_EQUAL(test, trap_catch(divide_by_zero, NULL, NULL), TRAP_DIVIDE);
    KTEST_EQUAL(test, trap_catch(read_non_canonical, NULL, NULL), TRAP_GENERAL_PROTECTION);
}

KTEST(arch_trap, a_double_fault_has_a_stack_of_its_own)
{
    uint64_t address = 0;
    KTEST_EQUAL(test, trap_catch(lose_the_stack, NULL, &address), TRAP_DOUBLE_FAULT);
    KTEST_EQUAL(test, address, STACK_BASE + PAGE_SIZE - 8);
}

KTEST(arch_trap, the_protections_of_the_cpu_are_on)
{
    struct cpuid features = cpuid(7, 0);
    KTEST_TRUE(test, (read_cr0() & (1u << 16)) != 0);                /* WP */
    KTEST_EQUAL(test, read_cr4() >> 20 & 1, features.ebx >> 7 & 1);  /* SMEP */
    KTEST_EQUAL(test, read_cr4() >> 21 & 1, features.ebx >> 20 & 1); /* SMAP */
    KTEST_EQUAL(test, read_cr4() >> 11 & 1, features.ecx >> 2 & 1);  /* UMIP */
}

KTEST(arch_ksym, an_address_inside_a_function_has_its_name)
{
    uint64_t offset = 0;
    const char *name = ksym_lookup((uint64_t)ktest_run + 1, &offset);
    KTEST_TRUE(test, name != NULL);
    KTEST_TEXT(test, name, "ktest_run");
    KTEST_EQUAL(test, offset, 1);
}

KTEST(arch_ksym, an_address_outside_the_text_has_none)
{
    uint64_t offset;
    KTEST_TRUE(test, ksym_lookup(0, &offset) == NULL);
    KTEST_TRUE(test, ksym_lookup((uint64_t)text_start - 1, &offset) == NULL);
    KTEST_TRUE(test, ksym_lookup((uint64_t)text_end, &offset) == NULL);
    KTEST_TRUE(test, ksym_lookup(UINT64_MAX, &offset) == NULL);
}

KTEST(arch_ksym, the_build_id_is_a_sha1_in_hex)
{
    KTEST_EQUAL(test, strlen(build_id()), 40);
}

KTEST(arch_clock, ticks_never_run_backwards)
{
    uint64_t last = clock_ticks();
    for (int i = 0; i < 100; i++) {
        uint64_t now = clock_ticks();
        KTEST_TRUE(test, now >= last);
        last = now;
    }
}
