/* SPDX-License-Identifier: MIT */
/* Registers and vector state: nothing passes from one environment to another, and each gets back its own. */
#include "rt.h"

extern char state_fill[], state_dump[], spin_forever[], probe_entry[];
extern uint64_t born[18], probe_regs[17], probe_rsp, fill_rounds, fill_errors, fill_use_avx, fill_pkru;
extern uint16_t born_selectors[4];
extern uint8_t born_fpu[4096];
extern volatile uint32_t *probe_done;
static volatile uint32_t dump_done;

static void nothing(void *arg)
{
    (void)arg;
}

/* A child whose registers are set to start at `at` with all others zero. */
static void bare(struct child *c, char *at, uint64_t rsp)
{
    struct exo_vcpu_state s = {.regs = {.rip = (uint64_t)at, .rsp = rsp}};

    child_make(c, NULL, nothing, NULL);
    EQUAL(exo_vcpu_control(c->vcpu, EXO_VCPU_SET, &s), 0);
    child_start(c);
}

static uint64_t stack_a[256];

static void start_filler(struct child *a)
{
    fill_use_avx = (info->xsave_mask & 4) != 0;
    fill_pkru = (info->xsave_mask & 0x200) != 0;
    fill_rounds = fill_errors = 0;
    bare(a, state_fill, (uint64_t)(stack_a + 256));
    EQUAL(exo_yield(a->vcpu, 0, 0), 0);
    CHECK(fill_rounds > 0);
}

static void check_born(void)
{
    for (unsigned i = 0; i < 15; i++)
        if (born[i])
            FAIL("general register %u was born 0x%x", (uint64_t)i, born[i]);
    EQUAL(born[15], 0x202);
    for (unsigned i = 0; i < 4; i++)
        EQUAL(born_selectors[i], 0);
    EQUAL(*(uint16_t *)born_fpu, 0x37f);      /* FCW */
    EQUAL(*(uint16_t *)(born_fpu + 2), 0);    /* FSW */
    EQUAL(born_fpu[4], 0);                    /* FTW: all empty */
    EQUAL(*(uint32_t *)(born_fpu + 24), 0x1f80);
    for (unsigned i = 160; i < 416; i++)      /* XMM */
        EQUAL(born_fpu[i], 0);
    if (!fill_use_avx)
        return;
    uint64_t in_use = *(uint64_t *)(born_fpu + 512);
    for (unsigned i = 576; (in_use & 4) && i < 832; i++) /* the upper halves of YMM */
        EQUAL(born_fpu[i], 0);
    if (info->xsave_mask & 0x200)
        for (unsigned i = 2688; (in_use & 0x200) && i < 2696; i++) /* PKRU, at its standard place on these CPUs */
            EQUAL(born_fpu[i], 0);
}

TEST(state_is_clear_at_birth)
{
    struct child a, b;

    start_filler(&a);
    memset(born_fpu, 0xee, 832);
    memset(born_fpu + 512, 0, 64); /* XSAVE leaves the header's unused words alone */
    dump_done = 0;
    probe_done = &dump_done;
    bare(&b, state_dump, 0);
    while (!dump_done && exo_yield(b.vcpu, 0, 0) == 0)
        ;
    EQUAL(dump_done, 1);
    check_born();
}

/* A is stopped and resumed many times, with B in between that uses the same registers. */
TEST(state_survives_switches)
{
    struct child a, b;
    static uint64_t stack_b[256];

    start_filler(&a);
    uint64_t before = fill_rounds;
    for (unsigned i = 0; i < 20; i++) {
        child_make(&b, NULL, nothing, NULL);
        struct exo_vcpu_state s = {.regs = {.rip = (uint64_t)spin_forever, .rsp = (uint64_t)(stack_b + 256)}};
        EQUAL(exo_vcpu_control(b.vcpu, EXO_VCPU_SET, &s), 0);
        child_start(&b);
        __asm__ volatile("fninit; pxor %%xmm3, %%xmm3; pxor %%xmm15, %%xmm15" : : : "memory");
        EQUAL(exo_yield(b.vcpu, 0, 0), 0);
        EQUAL(exo_yield(a.vcpu, 0, 0), 0);
        EQUAL(drop(OWN, b.vcpu), 0);
        EQUAL(drop(OWN, b.env), 0);
    }
    CHECK(fill_rounds > before);
    EQUAL(fill_errors, 0);
}

/* Our own vector registers and bases are ours after others ran. */
TEST(state_own_kept)
{
    struct child a;
    uint64_t low, fs = 0x123456000;

    start_filler(&a);
    EQUAL(exo_set_base(EXO_BASE_FS, fs), 0);
    __asm__ volatile("mov $0x7777, %%eax; movq %%rax, %%xmm9" : : : "rax");
    EQUAL(exo_yield(a.vcpu, 0, 0), 0);
    __asm__ volatile("movq %%xmm9, %0" : "=r"(low));
    EQUAL(low, 0x7777);
    struct exo_vcpu_state s;
    EQUAL(exo_vcpu_control(a.vcpu, EXO_VCPU_STOP, NULL), 0);
    EQUAL(exo_vcpu_control(a.vcpu, EXO_VCPU_GET, &s), 0);
    EQUAL(s.fs_base, 0);
    if (info->features & EXO_CPU_FSGSBASE) {
        uint64_t base;
        __asm__ volatile("rdfsbase %0" : "=r"(base));
        EQUAL(base, fs);
    }
    EQUAL(exo_set_base(EXO_BASE_FS, 0), 0);
}

/* GET after a stop by force shows the registers that the filler holds, all of them. */
TEST(state_get)
{
    struct child a;
    struct exo_vcpu_state s;

    start_filler(&a);
    EQUAL(exo_vcpu_control(a.vcpu, EXO_VCPU_GET, &s), -EXO_EBUSY);
    EQUAL(exo_vcpu_control(a.vcpu, EXO_VCPU_SET, &s), -EXO_EBUSY);
    EQUAL(exo_vcpu_control(a.vcpu, EXO_VCPU_STOP, NULL), 0);
    EQUAL(exo_vcpu_control(a.vcpu, EXO_VCPU_GET, &s), 0);
    EQUAL(s.status, EXO_VCPU_IS_STOPPED);
    EQUAL(s.regs.r15, 0x9f9f9f9f9f9f9f9f);
    EQUAL(s.regs.rbp, 0x1717171717171717);
    EQUAL(s.regs.cs, EXO_USER_CS);
    EQUAL(s.regs.ss, EXO_USER_SS);
    uint64_t rounds = fill_rounds;
    EQUAL(exo_yield(a.vcpu, 0, 0), -EXO_EBUSY);
    EQUAL(fill_rounds, rounds);
    EQUAL(exo_vcpu_control(a.vcpu, EXO_VCPU_START, NULL), 0);
    EQUAL(exo_yield(a.vcpu, 0, 0), 0);
    CHECK(fill_rounds > rounds);
    EQUAL(fill_errors, 0);
    EQUAL(exo_vcpu_control(a.vcpu, 0, NULL), -EXO_EINVAL);
    EQUAL(exo_vcpu_control(a.vcpu, 5, NULL), -EXO_EINVAL);
}

/* ---- SET with everything that the kernel must not believe ------------------------------------------ */

TEST(set_refuses_addresses)
{
    struct child c;
    struct exo_vcpu_state s;
    const uint64_t bad[] = {EXO_USER_END, EXO_SELF_MAP + 4096, 0x00007fffffffffff, 0x0000800000000000, 0xffff7fffffffffff,
                            0xffff800000000000, 0xffffffff80100000, 0xffffffffffffffff, 0x8000000000000000};

    child_make(&c, NULL, nothing, NULL);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        s = (struct exo_vcpu_state){.regs = {.rip = bad[i]}};
        REFUSED(EXO_EINVAL, exo_vcpu_control(c.vcpu, EXO_VCPU_SET, &s));
        s = (struct exo_vcpu_state){.regs = {.rip = 0x400000}, .fs_base = bad[i]};
        REFUSED(EXO_EINVAL, exo_vcpu_control(c.vcpu, EXO_VCPU_SET, &s));
        s = (struct exo_vcpu_state){.regs = {.rip = 0x400000}, .gs_base = bad[i]};
        REFUSED(EXO_EINVAL, exo_vcpu_control(c.vcpu, EXO_VCPU_SET, &s));
        REFUSED(EXO_EINVAL, exo_set_base(EXO_BASE_FS, bad[i]));
        REFUSED(EXO_EINVAL, exo_set_base(EXO_BASE_GS, bad[i]));
    }
    REFUSED(EXO_EINVAL, exo_set_base(2, 0));
    REFUSED(EXO_EINVAL, exo_set_base(~0ul, 0));
}

/* Any stack pointer and any flags may be asked for: the kernel drops what would harm it, and survives the rest. */
TEST(set_flags_and_selectors)
{
    struct child c;
    struct exo_vcpu_state s;
    const uint64_t flags[] = {~0ul, 0, 0x3000, 0x4000, 0x10000, 0x20000, 0x100000, 0x80000, 0x200, 0x240fd7};

    child_make(&c, NULL, nothing, NULL);
    for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        s = (struct exo_vcpu_state){.regs = {.rip = (uint64_t)spin_forever, .rflags = flags[i] & ~0x100ul, .rsp = 0x8000000000000000,
                                             .cs = 0x08, .ss = 0x10, .vector = ~0ul, .error = ~0ul}};
        EQUAL(exo_vcpu_control(c.vcpu, EXO_VCPU_SET, &s), 0);
        EQUAL(exo_vcpu_control(c.vcpu, EXO_VCPU_GET, &s), 0);
        EQUAL(s.regs.rflags & ~0x240dd5ul, 0x202); /* IF stays on; IOPL, NT, RF, VM and the virtual ones off */
        EQUAL(s.regs.cs, EXO_USER_CS);
        EQUAL(s.regs.ss, EXO_USER_SS);
        child_start(&c);
        EQUAL(exo_yield(c.vcpu, 0, 0), 0);
        EQUAL(exo_vcpu_control(c.vcpu, EXO_VCPU_STOP, NULL), 0);
    }
}

/* TF: the child traps at once, into its upcall, and the kernel does not. */
TEST(set_trap_flag)
{
    struct child c;
    struct exo_vcpu_state s;

    child_make(&c, NULL, nothing, NULL);
    s = (struct exo_vcpu_state){.regs = {.rip = (uint64_t)spin_forever, .rflags = 0x100, .rsp = (uint64_t)(stack_a + 256)}, .gs_base = (uint64_t)c.v};
    EQUAL(exo_vcpu_control(c.vcpu, EXO_VCPU_SET, &s), 0);
    child_start(&c);
    exo_yield(c.vcpu, 0, 0);
    CHECK(c.v->upcalls > 0);
    EQUAL(c.v->fault.vector, VEC_DB);
}

/* ---- what an upcall leaves in the registers ----------------------------------------------------------- */

TEST(upcall_registers)
{
    struct child a;

    start_filler(&a);
    struct range frames = find_cap(EXO_FRAME, pfn_at(a.v), EXO_R_RETYPE);
    static char up_stack[256] __attribute__((aligned(16)));
    const struct exo_vcpu_config k = {(uint64_t)probe_entry, (uint64_t)probe_entry, (uint64_t)probe_entry,
                                      (uint64_t)up_stack + 256, (uint64_t)up_stack + 256, frames.handle, pfn_at(a.v)};
    EQUAL(exo_vcpu_config(a.vcpu, &k), 0);
    a.v->page.enabled = 1 << 9;
    a.v->page.self = 0x1234567;
    dump_done = 0;
    probe_done = &dump_done;
    EQUAL(exo_doorbell(a.vcpu, 1 << 9), 0);
    exo_yield(a.vcpu, 0, 0);
    EQUAL(dump_done, 1);
    EQUAL(probe_regs[5], EXO_UP_EVENT);
    EQUAL(probe_regs[4], 0x1234567);
    EQUAL(probe_rsp, up_stack + 256);
    EQUAL(probe_regs[1], 0xb2b2b2b2b2b2b2b2);
    EQUAL(probe_regs[14], 0x9f9f9f9f9f9f9f9f);
    EQUAL(a.v->page.mask, 1);
    EQUAL(a.v->page.save[0].rdi, 0xf6f6f6f6f6f6f6f6);
    EQUAL(a.v->page.save[0].rsi, 0xe5e5e5e5e5e5e5e5);
    EQUAL(a.v->page.save[0].rflags & 0x400, 0x400); /* DF was set ... */
    EQUAL(probe_regs[16], 0x202);                   /* ... and is not at the entry */
    CHECK(a.v->page.save[0].rip >= (uint64_t)state_fill && a.v->page.save[0].rip < (uint64_t)spin_forever);
}
