/* SPDX-License-Identifier: MIT
 *
 * Ways to end, for test/e2e: `ends WAY`. Each has a status that the launcher must tell.
 */
#include "kit.h"
#include <exo/names.h>
#include <stdlib.h>
#include <unistd.h>
#include "core/upcall.h"
#include "sched/sched.h"
#include "vm/vm.h"

static volatile uint64_t page_zero = 16; /* out of the compiler's sight */

static void segv(void)
{
    *(volatile int *)page_zero = 1;
}

static void division(void)
{
    volatile int number = 10, zero = 0;

    printf("%d\n", number / zero);
}

static void illegal(void)
{
    __builtin_trap();
}

static void privileged(void)
{
    __asm__ volatile("hlt");
}

static void stack(void)
{
    for (volatile char *p = __builtin_frame_address(0); page_zero; p -= 4096)
        *p = 1;
}

static void read_only(void)
{
    *(volatile char *)segv = 0;
}

static void kernel_memory(void)
{
    (void)*(volatile char *)0xffffffff80000000ul;
}

static void hang(void)
{
    for (;;)
        ;
}

static void hang_masked(void)
{
    section_enter();
    for (;;)
        ;
}

/* ---- mistakes of the library: the machine ends with status 125 ------------------------ */

static void lock_twice(void)
{
    static struct lock lock;

    lock_take(&lock);
    lock_take(&lock);
}

static void fault_in_section(void)
{
    section_enter();
    *(volatile int *)page_zero = 1;
}

static void division_in_section(void)
{
    section_enter();
    division();
}

static void block_in_two_sections(void)
{
    struct wait_queue queue = { NULL, NULL };

    section_enter();
    section_enter();
    thread_block(&queue, NULL, 0);
}

static void configure(uint64_t entry, uint64_t nested)
{
    struct vcpu *v = VCPU->this;
    uint64_t pfn = (page_entry((uint64_t)v) & EXO_PTE_ADDR) >> 12;
    struct exo_vcpu_config config = { .entry = entry, .syscall_entry = (uint64_t)exo_syscall_entry, .nested_entry = nested,
        .stack = (uint64_t)v + EXO_UPCALL_TOP, .nested_stack = (uint64_t)v + EXO_NESTED_TOP,
        .page_frame = cap_find(EXO_FRAME, pfn, 1), .page_pfn = pfn };

    exo_vcpu_config(v->cap, &config);
}

/* A fault in the handler of a fault in a section: the environment has no keeper, so it ends. */
static void fault_in_nested(void)
{
    configure((uint64_t)exo_upcall_entry, 64);
    fault_in_section();
}

/* The handler itself cannot begin: its fault is a nested one, which the library reports. */
static void fault_in_upcall(void)
{
    configure(64, (uint64_t)exo_nested_entry);
    segv();
}

static void panic(void)
{
    libos_panic("asked for by %s", "a test");
}

int main(int argc, char **argv)
{
    static const struct test ways[] = { TEST(segv), TEST(division), TEST(illegal), TEST(privileged), TEST(stack),
        TEST(read_only), TEST(kernel_memory), TEST(hang), TEST(hang_masked), TEST(lock_twice), TEST(fault_in_section),
        TEST(division_in_section), TEST(block_in_two_sections), TEST(fault_in_nested), TEST(fault_in_upcall), TEST(panic) };

    for (size_t i = 0; argc == 2 && i < sizeof ways / sizeof ways[0]; i++)
        if (!strcmp(argv[1], ways[i].name)) {
            printf("before\n");
            fflush(stdout);
            ways[i].run();
            printf("after\n");
            return 0;
        }
    return 99;
}
