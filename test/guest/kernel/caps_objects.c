/* SPDX-License-Identifier: MIT */
/* Objects and the memory they stand on: environments, vCPUs and mapped frames that are taken away. */
#include "rt.h"

static volatile uint64_t ran;

static void count_up(void *arg)
{
    (void)arg;
    for (;;)
        ran++;
}

static void nothing(void *arg)
{
    (void)arg;
}

/* A child that spins gets time and is then ended; it never runs again. */
TEST(env_drop_ends_its_vcpus)
{
    struct child c;

    child_make(&c, NULL, count_up, NULL);
    child_start(&c);
    ran = 0;
    EQUAL(exo_yield(c.vcpu, 0, 0), 0);
    CHECK(ran);
    EQUAL(drop(OWN, c.env), 0);
    uint64_t before = ran;
    REFUSED(EXO_EDEAD, exo_yield(c.vcpu, 0, 0));
    REFUSED(EXO_EDEAD, exo_vcpu_control(c.vcpu, EXO_VCPU_START, NULL));
    REFUSED(EXO_EDEAD, exo_doorbell(c.vcpu, 1 << 9));
    EQUAL(ran, before);
    EQUAL(drop(OWN, c.vcpu), 0);
}

TEST(vcpu_drop_ends_it)
{
    struct child c;
    struct range slices = find_cap(EXO_SLICE, 0, EXO_R_BIND);

    child_make(&c, NULL, count_up, NULL);
    EQUAL(exo_slice_bind(slices.handle, 64, 4, c.vcpu, 77), 0);
    EQUAL(cpu_info->slot[64].vcpu, c.vcpu_pfn);
    EQUAL(cpu_info->slot[64].label, 77);
    child_start(&c);
    EQUAL(exo_yield(c.vcpu, 0, 0), 0);
    EQUAL(drop(OWN, c.vcpu), 0);
    EQUAL(cpu_info->slot[64].vcpu, 0); /* its slots are free */
    roots_restore();
    uint64_t before = ran, end = now() + info->tsc_khz * 3;
    while (now() < end)
        ;
    EQUAL(ran, before);
}

/* The running vCPU drops itself: the machine goes on with the others. */
static exo_cap_t own_handle;

static void drop_self(void *arg)
{
    (void)arg;
    exo_cap_drop(0, own_handle);
    ran = 99; /* never */
}

TEST(vcpu_drops_itself)
{
    struct child c;

    child_make(&c, NULL, drop_self, NULL);
    own_handle = c.vcpu;
    ran = 0;
    CHECK(!child_run(&c));
    EQUAL(ran, 0);
    EQUAL(inspect(EXO_HANDLE_SLOT(c.vcpu)).type, 0);
}

TEST(env_drops_itself)
{
    struct child c;

    child_make(&c, NULL, drop_self, NULL);
    own_handle = c.env;
    ran = 0;
    CHECK(!child_run(&c));
    EQUAL(ran, 0);
    while (exo_cap_drop(OWN, c.env) == -EXO_EAGAIN) /* the rest of its own call, which it did not live to make */
        ;
    EQUAL(inspect(EXO_HANDLE_SLOT(c.env)).type, 0);
}

/* The root table of a running environment is revoked. */
TEST(root_taken_from_running_env)
{
    struct space s;
    struct child c;

    space_make(&s, 32);
    child_make(&c, &s, count_up, NULL);
    child_start(&c);
    EQUAL(exo_yield(c.vcpu, 0, 0), 0);
    EQUAL(exo_cap_drop(s.table, s.root), -EXO_EBUSY);
    EQUAL(revoke(mem.handle), 0); /* of all; the rest of the test needs nothing of it */
    uint64_t before = ran;
    exo_yield(0, 0, 0);
    EQUAL(ran, before);
}

/* Dropping a frame's capability takes its mappings; another of the same table may map it again. */
TEST(frame_drop_unmaps)
{
    uint64_t pfn = frame_take(1);
    long f = exo_cap_derive(mem.handle, pfn, 1, EXO_R_READ | EXO_R_WRITE, OWN, slot_take());

    for (uint32_t i = 0; i < 10; i++)
        EQUAL(pte(window.pt1, i * 50, f, LEAF(pfn, EXO_W | EXO_NX)), 1);
    *(volatile uint64_t *)WINDOW = 1;
    EQUAL(drop(OWN, f), 0);
    for (uint32_t i = 0; i < 10; i++)
        FAULTS(VEC_PF, (void)*(volatile uint64_t *)(WINDOW + i * 50 * PAGE));
    map_page(0, pfn, EXO_NX);
    EQUAL(*(volatile uint64_t *)WINDOW, 1); /* it comes back as it was */
}

TEST(frame_revoke_unmaps_large)
{
    uint64_t pfn = frame_take(512);
    long f = exo_cap_derive(mem.handle, pfn, 512, EXO_R_READ | EXO_R_WRITE, OWN, slot_take());

    EQUAL(pte(window.pt2, 3, f, LEAF(pfn, EXO_PS | EXO_W | EXO_NX)), 1);
    *(volatile uint64_t *)(WINDOW + (3ul << 21) + 0x1ff000) = 5;
    REFUSED(EXO_EBUSY, exo_create(OWN, mem.handle, pfn + 17, EXO_CREATE(EXO_KIND_PT1, 1), slot_take(), 0));
    EQUAL(drop(OWN, f), 0);
    FAULTS(VEC_PF, (void)*(volatile uint64_t *)(WINDOW + (3ul << 21) + 0x1ff000));
    drop(OWN, make(EXO_KIND_PT1, pfn + 17));
}

/* What another table maps of a range goes when the range is revoked from it. */
TEST(frame_revoke_reaches_other_space)
{
    struct space s;
    uint64_t pfn = frame_take(1);

    space_make(&s, 32);
    long f = exo_cap_derive(mem.handle, pfn, 1, EXO_R_READ | EXO_R_WRITE | EXO_R_GRANT, OWN, slot_take());
    long g = exo_cap_derive(f, pfn, 1, EXO_R_READ | EXO_R_WRITE, s.table, 50);
    long pt = exo_create(s.table, s.mem, s.base + 10, EXO_CREATE(EXO_KIND_PT1, 1), 51, 0);
    const struct exo_pte e = {pt, g, LEAF(pfn, EXO_W | EXO_NX), 0, EXO_PTE_SET};
    EQUAL(exo_pte_update(s.table, &e, 1, 0), 1);
    REFUSED(EXO_EBUSY, exo_create(OWN, mem.handle, pfn, EXO_CREATE(EXO_KIND_PT1, 1), slot_take(), 0));
    EQUAL(revoke(f), 0);
    EQUAL(drop(OWN, make(EXO_KIND_PT1, pfn)), 0);
}

static long configure(exo_cap_t vcpu, exo_cap_t frame, uint64_t pfn)
{
    const struct exo_vcpu_config k = {0x400000, 0x400000, 0x400000, 0x500000, 0x500000, frame, pfn};

    return exo_vcpu_config(vcpu, &k);
}

/* The frame of a vCPU's shared page: pinned, and when it goes, so does the vCPU. */
TEST(vcpu_page_is_pinned)
{
    uint64_t pfn = frame_take(1);
    exo_cap_t env = make_arg(EXO_CREATE(EXO_KIND_ENV, 1), frame_take(1), 0);
    exo_cap_t v = make_arg(EXO_CREATE(EXO_KIND_VCPU, 1), frame_take(1), env);
    exo_cap_t w = make_arg(EXO_CREATE(EXO_KIND_VCPU, 1), frame_take(1), env);
    long f = exo_cap_derive(mem.handle, pfn, 1, EXO_R_READ | EXO_R_WRITE, OWN, slot_take());

    EQUAL(configure(v, f, pfn), 0);
    EQUAL(configure(v, f, pfn), 0); /* again is fine */
    REFUSED(EXO_EBUSY, configure(w, mem.handle, pfn));
    REFUSED(EXO_EBUSY, exo_create(OWN, mem.handle, pfn, EXO_CREATE(EXO_KIND_PT1, 1), slot_take(), 0));
    REFUSED(EXO_ERANGE, configure(w, f, pfn + 1));
    REFUSED(EXO_EFRAME, configure(w, mem.handle, window.pt1_pfn));
    EQUAL(drop(OWN, f), 0);
    REFUSED(EXO_EDEAD, exo_vcpu_control(v, EXO_VCPU_START, NULL));
    EQUAL(configure(w, mem.handle, pfn), 0);
    EQUAL(drop(OWN, w), 0);
    EQUAL(drop(OWN, make(EXO_KIND_PT1, pfn)), 0);
}

TEST(vcpu_page_moves)
{
    uint64_t a = frame_take(1), b = frame_take(1);
    exo_cap_t env = make_arg(EXO_CREATE(EXO_KIND_ENV, 1), frame_take(1), 0);
    exo_cap_t v = make_arg(EXO_CREATE(EXO_KIND_VCPU, 1), frame_take(1), env);

    EQUAL(configure(v, mem.handle, a), 0);
    EQUAL(configure(v, mem.handle, b), 0);
    EQUAL(drop(OWN, make(EXO_KIND_PT1, a)), 0); /* no longer pinned */
    REFUSED(EXO_EBUSY, exo_create(OWN, mem.handle, b, EXO_CREATE(EXO_KIND_PT1, 1), slot_take(), 0));
}

/* The page of an environment in another table, given from here and then revoked: nobody keeps it pinned. */
TEST(vcpu_page_of_other_table)
{
    struct space s;
    struct child c;
    uint64_t pfn = frame_take(1);

    space_make(&s, 32);
    child_make(&c, &s, nothing, NULL);
    long f = exo_cap_derive(mem.handle, pfn, 1, EXO_R_READ | EXO_R_WRITE, OWN, slot_take());
    if (configure(c.vcpu, f, pfn))
        return; /* refusing it is right as well */
    EQUAL(drop(OWN, f), 0);
    EQUAL(drop(OWN, make(EXO_KIND_PT1, pfn)), 0);
}
