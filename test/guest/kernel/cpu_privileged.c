/* SPDX-License-Identifier: MIT */
/* What ring 3 may not do, and the exceptions that it may cause: each arrives as an upcall. */
#include "rt.h"

#define GP(instruction) FAULTS(VEC_GP, __asm__ volatile(instruction : : "a"(0), "b"(buffer), "c"(0), "d"(0) : "memory"))

static uint8_t buffer[64] __attribute__((aligned(16)));

TEST(privileged_instructions)
{
    GP("cli");
    GP("sti");
    GP("hlt");
    GP("mov %%cr0, %%rax");
    GP("mov %%cr2, %%rax");
    GP("mov %%cr3, %%rax");
    GP("mov %%cr4, %%rax");
    GP("mov %%rax, %%cr0");
    GP("mov %%rax, %%cr3");
    GP("mov %%rax, %%cr4");
    GP("mov %%rax, %%cr8");
    GP("mov %%rax, %%dr7");
    GP("mov %%dr0, %%rax");
    GP("wrmsr");
    GP("rdmsr");
    GP("lgdt (%%rbx)");
    GP("lidt (%%rbx)");
    GP("lldt %%ax");
    GP("ltr %%ax");
    GP("lmsw %%ax");
    GP("clts");
    GP("invd");
    GP("wbinvd");
    GP("invlpg (%%rbx)");
    GP("swapgs");
    GP("sysretq");
    GP("rdpmc");
    GP("outb %%al, $0x20");
    GP("inb $0x21, %%al");
    GP("mov $0xcf8, %%edx; outl %%eax, %%dx");
    GP("mov $0xfffe, %%edx; outl %%eax, %%dx"); /* its last byte is not ours */
    FAULTS_EITHER(VEC_GP, VEC_UD, __asm__ volatile("xsetbv" : : "a"(0), "c"(0), "d"(0))); /* #UD without XSAVE */
    EQUAL(exo_null(), EXO_ABI_VERSION);
}

TEST(privileged_umip)
{
    if (!(info->features & EXO_CPU_UMIP))
        return;
    GP("sgdt (%%rbx)");
    GP("sidt (%%rbx)");
    GP("sldt %%ax");
    GP("str %%ax");
    GP("smsw %%ax");
}

TEST(software_interrupts)
{
    FAULTS(VEC_BP, __asm__ volatile("int3"));
    FAULTS(4, __asm__ volatile("int $4"));
    FAULTS(VEC_GP, __asm__ volatile("int $0"));
    FAULTS(VEC_GP, __asm__ volatile("int $2")); /* an NMI by software */
    FAULTS(VEC_GP, __asm__ volatile("int $8"));
    FAULTS(VEC_GP, __asm__ volatile("int $14"));
    FAULTS(VEC_GP, __asm__ volatile("int $0x30"));
    FAULTS(VEC_GP, __asm__ volatile("int $0x80"));
    FAULTS(VEC_GP, __asm__ volatile("int $0xf0"));
    FAULTS(VEC_GP, __asm__ volatile("int $0xff"));
    FAULTS_EITHER(VEC_DB, VEC_UD, __asm__ volatile(".byte 0xf1")); /* icebp goes past the gate's privilege */
}

TEST(exceptions)
{
    FAULTS(VEC_DE, __asm__ volatile("xor %%edx, %%edx; div %%edx" : : : "rax", "rdx"));
    FAULTS(VEC_UD, __asm__ volatile("ud2"));
    FAULTS(VEC_PF, (void)*(volatile char *)16);
    EQUAL(rt_self()->fault.address, 16);
    EQUAL(rt_self()->fault.error, PF_U);
    FAULTS(VEC_PF, *(volatile char *)(uint64_t)test_exceptions = 1);
    EQUAL(rt_self()->fault.error, PF_U | PF_P | PF_W);
    FAULTS(VEC_PF, ((void (*)(void))(uint64_t)buffer)());
    EQUAL(rt_self()->fault.error, PF_U | PF_P | PF_I);
    FAULTS(VEC_GP, (void)*(volatile char *)0x8000000000000000);
    FAULTS_EITHER(12, VEC_GP, __asm__ volatile("mov %%rsp, %%rbx; movabs $0x8000000000000000, %%rsp; push %%rax" : : : "rbx", "memory"));
    FAULTS_EITHER(VEC_AC, NO_FAULT, __asm__ volatile("pushfq; orl $0x40000, (%%rsp); popfq; mov 1(%0), %%eax" : : "r"(buffer) : "rax", "memory", "cc"));
    FAULTS(VEC_GP, __asm__ volatile("mov %0, %%ds" : : "r"(0x10)));
    FAULTS(VEC_GP, __asm__ volatile("mov %0, %%es" : : "r"(0x28)));
    FAULTS_EITHER(VEC_GP, VEC_PF, __asm__ volatile("pushq $0x08; pushq $1f; lretq; 1:" : : : "memory"));
    FAULTS_EITHER(VEC_GP, VEC_PF, __asm__ volatile("pushq $0x10; pushq %%rsp; pushq $2; pushq $0x08; pushq $1f; iretq; 1:" : : : "memory"));
    FAULTS(VEC_DB, __asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; nop; nop" : : : "memory", "cc"));
}

/* Flags that ring 3 sets before it enters the kernel. */
TEST(hostile_flags_at_entry)
{
    const uint64_t flags[] = {0x400, 0x4000, 0x40000, 0x200000, 0x244cd5};

    for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        uint64_t after, result = EXO_CALL_BASE;
        __asm__ volatile("push %2; popfq; syscall; pushfq; pop %1; push $2; popfq"
                         : "+a"(result), "=r"(after) : "r"(flags[i] | 2)
                         : "rcx", "r11", "rdi", "rsi", "rdx", "r8", "r9", "r10", "memory", "cc");
        EQUAL(result, EXO_ABI_VERSION);
        EQUAL(after & flags[i] & ~0x8d5ul, flags[i] & ~0x8d5ul);
        FAULTS(VEC_UD, __asm__ volatile("push %0; popfq; ud2" : : "r"(flags[i] | 2) : "memory", "cc"));
    }
    /* single-stepping into a call: the trap comes in ring 3 */
    FAULTS(VEC_DB, __asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; syscall; nop"
                                    : : "a"(EXO_CALL_BASE) : "rcx", "r11", "rdi", "rsi", "rdx", "r8", "r9", "r10", "memory", "cc"));
}

/* A call with a stack pointer that is none: the kernel has its own. */
TEST(hostile_stack_at_entry)
{
    const uint64_t stacks[] = {0, 8, 0x8000000000000000, 0xffffffff80100000, ~0ul};

    for (unsigned i = 0; i < sizeof stacks / sizeof stacks[0]; i++) {
        uint64_t result = EXO_CALL_BASE;
        __asm__ volatile("mov %%rsp, %%rbx; mov %1, %%rsp; syscall; mov %%rbx, %%rsp"
                         : "+a"(result) : "r"(stacks[i])
                         : "rbx", "rcx", "r11", "rdi", "rsi", "rdx", "r8", "r9", "r10", "memory");
        EQUAL(result, EXO_ABI_VERSION);
        FAULTS(VEC_UD, __asm__ volatile("mov %0, %%rsp; ud2" : : "r"(stacks[i]) : "memory"));
    }
}

/* ---- ports ------------------------------------------------------------------------------------------------ */

static volatile uint32_t port_ok;

static void use_port(void *arg)
{
    port_ok = 1;
    inb((uint64_t)arg);
    port_ok = 2;
}

static uint32_t child_port(struct child *c, uint16_t port)
{
    port_ok = 0;
    child_again(c, use_port, (void *)(uint64_t)port);
    child_run(c);
    return port_ok;
}

/* The bitmap is the environment's own: what we may use, a child may not, until it is opened for it. */
TEST(port_bitmap)
{
    struct child c;
    struct range p = find_cap(EXO_PORT, 0x3f8, EXO_R_BIND), low = find_cap(EXO_PORT, 0x70, EXO_R_BIND);
    exo_cap_t plain = make_arg(EXO_CREATE(EXO_KIND_ENV, 1), frame_take(1), 0);

    child_make(&c, NULL, use_port, NULL);
    EQUAL(child_port(&c, 0x3fd), 1);
    EQUAL(c.v->fault.vector, VEC_GP);
    EQUAL(exo_port_enable(p.handle, 0x3fd, 1, c.env, 1), 0);
    EQUAL(child_port(&c, 0x3fd), 2);
    EQUAL(child_port(&c, 0x3fc), 1);
    EQUAL(child_port(&c, 0x3fe), 1);
    inb(0x3fd);
    EQUAL(exo_port_enable(p.handle, 0x3fd, 1, c.env, 0), 0);
    EQUAL(child_port(&c, 0x3fd), 1);
    REFUSED(EXO_EBUSY, exo_port_enable(p.handle, 0x3fd, 1, plain, 1)); /* it has no bitmap */
    REFUSED(EXO_EINVAL, exo_port_enable(p.handle, 0x3fd, 1, c.env, 2));
    REFUSED(EXO_ERANGE, exo_port_enable(p.handle, 0x20, 1, c.env, 1));
    REFUSED(EXO_ERANGE, exo_port_enable(p.handle, p.base, p.count + 1, c.env, 1));
    REFUSED(EXO_ERANGE, exo_port_enable(p.handle, p.base, 0, c.env, 1));
    REFUSED(EXO_ERANGE, exo_port_enable(p.handle, p.base, 1ul << 32, c.env, 1));
    REFUSED(EXO_ERANGE, exo_port_enable(low.handle, 0x10000, 1, c.env, 1));
    EQUAL(child_port(&c, 0x20), 1);
}

/* Revoking a port's capability closes it. */
TEST(port_revoke)
{
    struct child c;
    struct range p = find_cap(EXO_PORT, 0x3f8, EXO_R_BIND);
    long one = exo_cap_derive(p.handle, 0x2fd, 1, EXO_R_BIND, OWN, slot_take());

    child_make(&c, NULL, use_port, NULL);
    EQUAL(exo_port_enable(one, 0x2fd, 1, c.env, 1), 0);
    EQUAL(child_port(&c, 0x2fd), 2);
    EQUAL(drop(OWN, one), 0);
    roots_restore();
    EQUAL(child_port(&c, 0x2fd), 1);
}
