/* SPDX-License-Identifier: MIT */
/* Upcalls: where they arrive when the vCPU is open, masked or nested, and what becomes of one that cannot go on. */
#include "rt.h"

#define BELL (1ul << 9)

static volatile uint32_t step;

/* ---- masks ---------------------------------------------------------------------------------- */

TEST(mask_open)
{
    struct rt_vcpu *v = rt_self();
    uint64_t upcalls = v->upcalls;

    v->page.enabled = BELL;
    EQUAL(exo_doorbell(BOOT(VCPU), BELL), 0);
    EQUAL(v->events, v->events | BELL);
    EQUAL(v->upcalls, upcalls + 1);
    v->events = 0;
    EQUAL(exo_doorbell(BOOT(VCPU), 1ul << 10), 0); /* not enabled: it stays pending */
    EQUAL(v->events, 0);
    EQUAL(v->page.pending & 1ul << 10, 1ul << 10);
}

/* Masked, events wait; a fault and a foreign call go to the second save area. */
TEST(mask_masked)
{
    struct rt_vcpu *v = rt_self();
    uint64_t upcalls = v->upcalls, nested = v->nested;

    v->page.enabled = BELL;
    v->page.mask = 1;
    EQUAL(exo_doorbell(BOOT(VCPU), BELL), 0);
    EQUAL(v->upcalls, upcalls);
    EQUAL(v->page.pending & BELL, BELL);
    FAULTS(VEC_UD, __asm__ volatile("ud2"));
    EQUAL(v->nested, nested + 1);
    EQUAL(v->page.mask, 1);
    EQUAL(rt_raw_call(39, 1, 2, 3, 4, 5), -38);
    EQUAL(v->nested, nested + 2);
    EQUAL(v->page.save[1].rdi, 1);
    EQUAL(v->page.save[1].r10, 4);
    FAULTS(VEC_PF, (void)*(volatile char *)32);
    EQUAL(v->page.fault_addr[1], 32);
    EQUAL(v->upcalls, upcalls);
    v->page.mask = 0;
    exo_timer(0); /* any call looks again */
    EQUAL(v->upcalls, upcalls + 1);
    EQUAL(v->page.pending & BELL, 0);
}

/* Any value beyond 2 is as good as 2 to the kernel: nothing is delivered. */
TEST(mask_wild)
{
    struct rt_vcpu *v = rt_self();
    uint64_t upcalls = v->upcalls, nested = v->nested;
    const uint32_t masks[] = {2, 3, 0x80000000, 0xffffffff};

    v->page.enabled = BELL;
    for (unsigned i = 0; i < 4; i++) {
        v->page.mask = masks[i];
        EQUAL(exo_doorbell(BOOT(VCPU), BELL), 0);
        EQUAL(v->page.mask, masks[i]);
    }
    v->page.mask = 0;
    v->page.enabled = 0;
    EQUAL(v->upcalls, upcalls);
    EQUAL(v->nested, nested);
}

TEST(doorbell_arguments)
{
    uint64_t base = inspect(EXO_BOOT_VCPU).base;
    long some = exo_cap_derive(BOOT(VCPU), base + 20, 4, EXO_R_RING, OWN, slot_take());

    REFUSED(EXO_ERANGE, exo_doorbell(BOOT(VCPU), 0));
    for (unsigned bit = 0; bit < EXO_EV_FIRST_BELL; bit++)
        REFUSED(EXO_ERANGE, exo_doorbell(BOOT(VCPU), 1ul << bit)); /* the kernel's own */
    for (unsigned bit = 8; bit < 64; bit++)
        EQUAL(exo_doorbell(some, 1ul << bit), bit >= 20 && bit < 24 ? 0 : -EXO_ERANGE);
    EQUAL(rt_self()->page.pending & ~0xfful, 0xful << 20);
    REFUSED(EXO_ERANGE, exo_doorbell(some, 0x1ful << 20));
    EQUAL(drop(OWN, some), 0);
    roots_restore();
}

/* ---- a vCPU that cannot go on ------------------------------------------------------------------ */

static void fault_nested(void *arg)
{
    (void)arg;
    rt_self()->page.mask = 2;
    step = 1;
    __asm__ volatile("ud2");
    step = 2;
}

TEST(fault_rings_keeper)
{
    struct child c;
    struct exo_vcpu_state s;

    child_make(&c, NULL, fault_nested, NULL);
    EQUAL(exo_env_set(c.env, EXO_ENV_KEEPER, BOOT(VCPU), 9), 0);
    step = 0;
    CHECK(!child_run(&c));
    EQUAL(step, 1);
    EQUAL(rt_self()->page.pending & BELL, BELL);
    EQUAL(exo_vcpu_control(c.vcpu, EXO_VCPU_GET, &s), 0);
    EQUAL(s.status, EXO_VCPU_IS_FAULTED);
    EQUAL(s.regs.vector, VEC_UD);
    s.regs.rip += 2; /* the keeper mends it */
    EQUAL(exo_vcpu_control(c.vcpu, EXO_VCPU_SET, &s), 0);
    CHECK(child_run(&c));
    EQUAL(step, 2);
}

TEST(fault_without_keeper)
{
    struct child c, other;
    struct exo_vcpu_state s;

    child_make(&c, NULL, fault_nested, NULL);
    child_make(&other, NULL, fault_nested, NULL);
    step = 0;
    CHECK(!child_run(&c));
    EQUAL(step, 1);
    EQUAL(exo_vcpu_control(c.vcpu, EXO_VCPU_GET, &s), 0);
    EQUAL(s.status, EXO_VCPU_IS_FAULTED);
    EQUAL(exo_vcpu_control(c.vcpu, EXO_VCPU_START, NULL), 0);
    EQUAL(exo_yield(c.vcpu, 0, 0), -EXO_EBUSY); /* its environment has ended */
    EQUAL(exo_vcpu_control(other.vcpu, EXO_VCPU_STOP, NULL), 0);
}

/* A keeper that is gone, and its frame another vCPU's: nobody is rung by mistake. */
TEST(keeper_gone)
{
    struct child c, keeper, next;

    child_make(&keeper, NULL, fault_nested, NULL);
    child_make(&c, NULL, fault_nested, NULL);
    EQUAL(exo_env_set(c.env, EXO_ENV_KEEPER, keeper.vcpu, 12), 0);
    EQUAL(drop(OWN, keeper.vcpu), 0);
    next = keeper;
    next.vcpu = make_arg(EXO_CREATE(EXO_KIND_VCPU, 1), keeper.vcpu_pfn, keeper.env);
    struct range frames = find_cap(EXO_FRAME, pfn_at(keeper.v), EXO_R_RETYPE);
    const struct exo_vcpu_config k = {0x400000, 0x400000, 0x400000, 0x500000, 0x500000, frames.handle, pfn_at(keeper.v)};
    EQUAL(exo_vcpu_config(next.vcpu, &k), 0);
    CHECK(!child_run(&c));
    EQUAL(keeper.v->page.pending & 1ul << 12, 0);
}

TEST(keeper_arguments)
{
    struct child c;
    uint64_t base = inspect(EXO_BOOT_VCPU).base;

    child_make(&c, NULL, fault_nested, NULL);
    long some = exo_cap_derive(BOOT(VCPU), base + 20, 4, EXO_R_RING, OWN, slot_take());
    REFUSED(EXO_ERANGE, exo_env_set(c.env, EXO_ENV_KEEPER, BOOT(VCPU), 64));
    REFUSED(EXO_ERANGE, exo_env_set(c.env, EXO_ENV_KEEPER, some, 19));
    REFUSED(EXO_ERANGE, exo_env_set(c.env, EXO_ENV_KEEPER, some, 24));
    REFUSED(EXO_ERANGE, exo_env_set(c.env, EXO_ENV_KEEPER, some, ~0ul));
    REFUSED(EXO_EINVAL, exo_env_set(c.env, EXO_ENV_KEEPER, BOOT(VCPU), 7));
    EQUAL(exo_env_set(c.env, EXO_ENV_KEEPER, some, 22), 0);
    EQUAL(exo_env_set(c.env, EXO_ENV_KEEPER, 0, 0), 0);
    REFUSED(EXO_EINVAL, exo_env_set(c.env, 0, BOOT(ROOT), 0));
    REFUSED(EXO_EINVAL, exo_env_set(c.env, 3, BOOT(ROOT), 0));
    REFUSED(EXO_EINVAL, exo_env_set(c.env, EXO_ENV_ROOT, window.pt3, 0));
    /* of entries that dropping it cannot clear */
    long part = exo_cap_derive(BOOT(ROOT), inspect(EXO_BOOT_ROOT).base + 300, 100, EXO_R_WRITE, OWN, slot_take());
    REFUSED(EXO_ERANGE, exo_env_set(c.env, EXO_ENV_ROOT, part, 0));
    EQUAL(drop(OWN, part), 0);
    EQUAL(drop(OWN, some), 0);
    roots_restore();
}

/* An upcall whose entry is not mapped goes on to the nested area, and then to the end; the machine stays. */
TEST(entry_not_mapped)
{
    struct child c;

    child_make(&c, NULL, fault_nested, NULL);
    struct range frames = find_cap(EXO_FRAME, pfn_at(c.v), EXO_R_RETYPE);
    const struct exo_vcpu_config k = {0x10, 0x10, 0x10, 0x20, 0x20, frames.handle, pfn_at(c.v)};
    EQUAL(exo_vcpu_config(c.vcpu, &k), 0);
    struct exo_vcpu_state s = {.regs = {.rip = 0x30}};
    EQUAL(exo_vcpu_control(c.vcpu, EXO_VCPU_SET, &s), 0);
    CHECK(!child_run(&c));
    EQUAL(c.v->page.mask, 2);
    EQUAL(c.v->page.save[0].rip, 0x30);
    EQUAL(c.v->page.save[1].rip, 0x10);
    EQUAL(child_status(&c), EXO_VCPU_IS_FAULTED);
}

TEST(config_arguments)
{
    exo_cap_t env = make_arg(EXO_CREATE(EXO_KIND_ENV, 1), frame_take(1), 0);
    exo_cap_t v = make_arg(EXO_CREATE(EXO_KIND_VCPU, 1), frame_take(1), env);
    uint64_t pfn = frame_take(1);
    const struct exo_vcpu_config good = {0x400000, 0x400000, 0x400000, 0x500000, 0x500000, mem.handle, pfn};
    const uint64_t bad[] = {EXO_USER_END, 0x0000800000000000, 0xffff800000000000, ~0ul};

    REFUSED(EXO_EDEAD, exo_vcpu_control(v, EXO_VCPU_START, NULL)); /* not configured */
    for (unsigned field = 0; field < 5; field++)
        for (unsigned i = 0; i < 4; i++) {
            struct exo_vcpu_config k = good;
            ((uint64_t *)&k)[field] = bad[i];
            REFUSED(EXO_EINVAL, exo_vcpu_config(v, &k));
        }
    for (unsigned field = 3; field < 5; field++)
        for (unsigned shift = 1; shift < 16; shift++) {
            struct exo_vcpu_config k = good;
            ((uint64_t *)&k)[field] += shift;
            REFUSED(EXO_EINVAL, exo_vcpu_config(v, &k));
        }
    EQUAL(exo_vcpu_config(v, &good), 0);
}
