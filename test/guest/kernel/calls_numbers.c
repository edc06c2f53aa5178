/* SPDX-License-Identifier: MIT */
/* Numbers that are no call are reflected to the libOS; the registers that a call leaves are as documented. */
#include "rt.h"

#define CALLS 18

static void reflected(uint64_t rax)
{
    struct rt_vcpu *v = rt_self();
    uint64_t count = v->foreign;

    snap_take();
    EQUAL(rt_raw_call(rax, 1, 2, 3, 4, 5), -38);
    EQUAL(v->foreign, count + 1);
    EQUAL(v->foreign_rax, rax);
    EQUAL(v->ctx.rdi, 1);
    EQUAL(v->ctx.rsi, 2);
    EQUAL(v->ctx.rdx, 3);
    EQUAL(v->ctx.r10, 4);
    EQUAL(v->ctx.r8, 5);
    snap_compare("a foreign call");
}

TEST(numbers_reflected)
{
    const uint64_t numbers[] = {
        0, 1, 39, 231, 511, 0x40000000, EXO_CALL_BASE - 1, EXO_CALL_BASE + CALLS, EXO_CALL_BASE + CALLS + 1, EXO_CALL_BASE + 255,
        EXO_CALL_BASE + 0x10000, 0x100000000 | EXO_CALL_BASE, 0xffffffff00000000 | EXO_CALL_BASE, 0x8000000000000000 | EXO_CALL_BASE,
        0xffffffffffffffff, 0x7fffffffffffffff, EXO_CALL_BASE + (1ul << 61), EXO_CALL_BASE - (1ul << 61),
    };

    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        reflected(numbers[i]);
}

TEST(numbers_null)
{
    EQUAL(exo_null(), EXO_ABI_VERSION);
    EQUAL(exo_call(0, ~0ul, ~0ul, ~0ul, ~0ul, ~0ul, ~0ul), EXO_ABI_VERSION);
}

/* The call number table has no hole that leads somewhere: each number answers, none is reflected. */
TEST(numbers_all_known)
{
    uint64_t count = rt_self()->foreign;

    for (uint64_t n = 0; n < CALLS; n++)
        if (n != EXO_CALL_yield && n != EXO_CALL_timer && n != EXO_CALL_set_base)
            exo_call(n, EXO_HANDLE(1, 1), ~0ul, ~0ul, ~0ul, ~0ul, ~0ul);
    EQUAL(rt_self()->foreign, count);
}

static uint64_t regs_after[16];

/* rax .. in the order of the x86 encoding, after a call with all registers set to patterns. */
static void call_and_look(uint64_t rax)
{
    __asm__ volatile("push %%rbp\n\t"
                     "mov $0xb0b0, %%ebp\n\tmov $0xb1b1, %%ebx\n\tmov $0xb2b2, %%r12d\n\tmov $0xb3b3, %%r13d\n\t"
                     "mov $0xb4b4, %%r14d\n\tmov $0xb5b5, %%r15d\n\t"
                     "mov $0xd1, %%edi\n\tmov $0xd2, %%esi\n\tmov $0xd3, %%edx\n\tmov $0xd4, %%r10d\n\tmov $0xd5, %%r8d\n\tmov $0xd6, %%r9d\n\t"
                     "syscall\n\t"
                     "mov %%rax, regs_after\n\tmov %%rcx, regs_after+8\n\tmov %%rdx, regs_after+16\n\tmov %%rbx, regs_after+24\n\t"
                     "mov %%rbp, regs_after+40\n\tmov %%rsi, regs_after+48\n\tmov %%rdi, regs_after+56\n\t"
                     "mov %%r8, regs_after+64\n\tmov %%r9, regs_after+72\n\tmov %%r10, regs_after+80\n\tmov %%r11, regs_after+88\n\t"
                     "mov %%r12, regs_after+96\n\tmov %%r13, regs_after+104\n\tmov %%r14, regs_after+112\n\tmov %%r15, regs_after+120\n\t"
                     "pop %%rbp"
                     : "+a"(rax) : : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory");
}

static void check_registers(long result)
{
    static const struct { uint8_t at; uint64_t value; } kept[] = {
        {3, 0xb1b1}, {5, 0xb0b0}, {12, 0xb2b2}, {13, 0xb3b3}, {14, 0xb4b4}, {15, 0xb5b5},
        {2, 0}, {6, 0}, {7, 0}, {8, 0}, {9, 0}, {10, 0},
    };

    EQUAL(regs_after[0], result);
    for (unsigned i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (regs_after[kept[i].at] != kept[i].value)
            FAIL("register %d is 0x%x after the call, not 0x%x", (uint64_t)kept[i].at, regs_after[kept[i].at], kept[i].value);
    CHECK(regs_after[1] < EXO_USER_END); /* rcx and r11 hold nothing of the kernel's */
    CHECK(regs_after[11] < 1ul << 22);
}

/* By the short way out of the kernel, and by the one through the scheduler. */
TEST(numbers_registers)
{
    call_and_look(EXO_CALL_BASE + EXO_CALL_null);
    check_registers(EXO_ABI_VERSION);
    call_and_look(EXO_CALL_BASE + EXO_CALL_timer);
    check_registers(0);
    call_and_look(EXO_CALL_BASE + EXO_CALL_cap_derive);
    check_registers(-EXO_ESTALE); /* slot 0xd1 of generation 0 */
}
