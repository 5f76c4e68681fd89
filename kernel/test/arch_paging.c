/* Tests of the protections: each forbidden access must fault, and at the address that was touched. */
#include <synos/frame.h>
#include <synos/ktest.h>
#include <synos/errors.h>
#include <synos/layout.h>
#include <synos/stack.h>
#include <synos/string.h>
#include <synos/trap.h>
#include <synos/vm.h>

/* A window that nobody else uses: behind the last stack slot. */
#define SCRATCH ((char *)(STACK_BASE + STACK_SLOTS * STACK_SLOT_PAGES * PAGE_SIZE))

static void write_byte(void *address)
{
    *(volatile char *)address = 1;
}

static void read_byte(void *address)
{
    (void)*(volatile char *)address;
}

static void execute(void *address)
{
    ((void (*)(void))address)();
}

static bool faults_at(void (*body)(void *), void *address)
{
    uint64_t at = 0;
    return trap_catch(body, address, &at) == TRAP_PAGE_FAULT && at == (uint64_t)address;
}

KTEST(arch_paging, a_null_pointer_faults)
{
    void *volatile null = NULL;
    KTEST_TRUE(test, faults_at(read_byte, null));
    KTEST_TRUE(test, faults_at(write_byte, null));
}

KTEST(arch_paging, text_cannot_be_written_through_either_of_its_addresses)
{
    char *alias = phys_to_virt(virt_to_phys(text_start));
    KTEST_EQUAL(test, *alias, *text_start);
    KTEST_TRUE(test, faults_at(write_byte, text_start));
    KTEST_TRUE(test, faults_at(write_byte, alias));
    KTEST_TRUE(test, faults_at(write_byte, phys_to_virt(virt_to_phys(rodata_start))));
}

KTEST(arch_paging, only_text_can_be_executed)
{
    static unsigned char code[] = {0xc3}; /* ret */
    KTEST_TRUE(test, faults_at(execute, code));
    KTEST_TRUE(test, faults_at(execute, phys_to_virt(virt_to_phys(code))));
    KTEST_TRUE(test, faults_at(execute, phys_to_virt(virt_to_phys(text_start))));
    KTEST_TRUE(test, faults_at(execute, rodata_start));
}

KTEST(arch_paging, no_page_of_the_image_is_both_writable_and_executable)
{
    for (char *page = text_start; page < image_end; page += PAGE_SIZE) {
        unsigned prot = vm_query(page);
        KTEST_TRUE(test, (prot & VM_READ) != 0);
        KTEST_TRUE(test, (prot & (VM_WRITE | VM_EXEC)) != (VM_WRITE | VM_EXEC));
        KTEST_EQUAL(test, prot & VM_EXEC, page < text_end ? VM_EXEC : 0);
        KTEST_TRUE(test, (vm_query(phys_to_virt(virt_to_phys(page))) & VM_EXEC) == 0);
    }
}

KTEST(arch_paging, a_page_is_there_from_map_to_unmap_and_not_longer)
{
    uint64_t frame = frame_alloc(1);
    KTEST_EQUAL(test, vm_query(SCRATCH), 0);
    KTEST_EQUAL(test, vm_map(SCRATCH, frame, 1, VM_READ | VM_WRITE), 0);
    *SCRATCH = 42;
    KTEST_EQUAL(test, *(char *)phys_to_virt(frame), 42);
    KTEST_EQUAL(test, vm_map(SCRATCH, frame, 1, VM_READ), ERR_EXISTS);
    vm_unmap(SCRATCH, 1);
    KTEST_TRUE(test, faults_at(read_byte, SCRATCH));
    frame_free(frame, 1);
}

KTEST(arch_paging, a_mapping_that_fails_half_way_leaves_nothing_behind)
{
    uint64_t frame = frame_alloc(1);
    KTEST_EQUAL(test, vm_map(SCRATCH + 2 * PAGE_SIZE, frame, 1, VM_READ), 0);
    KTEST_EQUAL(test, vm_map(SCRATCH, frame, 3, VM_READ), ERR_EXISTS);
    KTEST_EQUAL(test, vm_query(SCRATCH), 0);
    KTEST_EQUAL(test, vm_query(SCRATCH + PAGE_SIZE), 0);
    KTEST_EQUAL(test, vm_query(SCRATCH + 2 * PAGE_SIZE), VM_READ);
    vm_unmap(SCRATCH + 2 * PAGE_SIZE, 1);
    frame_free(frame, 1);
}

KTEST(arch_paging, wrong_arguments_are_refused)
{
    KTEST_EQUAL(test, vm_map(SCRATCH + 1, 0x200000, 1, VM_READ), ERR_INVALID);
    KTEST_EQUAL(test, vm_map(SCRATCH, 0x200001, 1, VM_READ), ERR_INVALID);
    KTEST_EQUAL(test, vm_map(SCRATCH, 0x200000, 0, VM_READ), ERR_INVALID);
    KTEST_EQUAL(test, vm_map(SCRATCH, 0x200000, 1, VM_READ | VM_WRITE | VM_EXEC), ERR_INVALID);
    KTEST_EQUAL(test, vm_map((void *)0x200000, 0x200000, 1, VM_READ), ERR_INVALID);
    KTEST_EQUAL(test, vm_map((void *)-PAGE_SIZE, 0x200000, 2, VM_READ), ERR_INVALID);
    KTEST_EQUAL(test, vm_map(phys_to_virt(0x200000), 0x200000, 1, VM_READ), ERR_EXISTS);
}

KTEST(arch_paging, the_page_under_every_stack_is_a_guard)
{
    char *main_guard = (char *)STACK_BASE;
    KTEST_EQUAL(test, vm_query(main_guard), 0);
    KTEST_EQUAL(test, vm_query(main_guard + PAGE_SIZE), VM_READ | VM_WRITE);
    KTEST_TEXT(test, stack_guard_owner(STACK_BASE + PAGE_SIZE - 1), "main");
    KTEST_TRUE(test, stack_guard_owner(STACK_BASE + PAGE_SIZE) == NULL);
    KTEST_TEXT(test, stack_guard_owner(STACK_BASE + STACK_SLOT_PAGES * PAGE_SIZE), "double fault");
    KTEST_TRUE(test, faults_at(write_byte, main_guard + PAGE_SIZE - 1));
}
