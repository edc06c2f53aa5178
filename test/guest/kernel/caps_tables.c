/* SPDX-License-Identifier: MIT */
/* Capability tables as objects: granting into them, acting as them, tables within tables, and their end. */
#include "rt.h"

#define MEM_RIGHTS (EXO_R_READ | EXO_R_WRITE | EXO_R_EXEC | EXO_R_RETYPE | EXO_R_GRANT)

static struct exo_cap_info inspect_in(exo_cap_t table, uint32_t slot)
{
    struct exo_cap_info c = {0};

    EQUAL(exo_cap_inspect(table, slot, &c), 0);
    return c;
}

TEST(table_sizes)
{
    for (unsigned n = 1; n <= 3; n++) {
        exo_cap_t t = make_arg(EXO_CREATE(EXO_KIND_TABLE, n), frame_take(n), 0);
        struct exo_cap_info c;
        EQUAL(exo_cap_inspect(t, n * EXO_CAPS_PER_FRAME - 1, &c), 0);
        EQUAL(exo_cap_inspect(t, n * EXO_CAPS_PER_FRAME, &c), -EXO_ERANGE);
        EQUAL(exo_cap_inspect(t, 0, &c), -EXO_ERANGE);
        EQUAL(exo_cap_derive(mem.handle, mem.base, 1, EXO_R_READ, t, n * EXO_CAPS_PER_FRAME), -EXO_EBADCAP);
        EQUAL(exo_cap_derive(mem.handle, mem.base, 1, EXO_R_READ, t, EXO_TABLE_HEAD - 1), -EXO_EBADCAP);
        CHECK(exo_cap_derive(mem.handle, mem.base, 1, EXO_R_READ, t, n * EXO_CAPS_PER_FRAME - 1) > 0);
    }
}

TEST(create_arguments)
{
    uint64_t pfn = frame_take(4), s = slot_take();
    const uint64_t kinds[] = {
        0, EXO_CREATE(0, 1), EXO_CREATE(8, 1), EXO_CREATE(255, 1), EXO_KIND_PT1, EXO_CREATE(EXO_KIND_PT1, 2), EXO_CREATE(EXO_KIND_PT4, 0),
        EXO_CREATE(EXO_KIND_TABLE, 0), EXO_CREATE(EXO_KIND_TABLE, EXO_TABLE_FRAMES_MAX + 1), EXO_CREATE(EXO_KIND_TABLE, 1ul << 32),
        EXO_CREATE(EXO_KIND_ENV, 0), EXO_CREATE(EXO_KIND_ENV, 2), EXO_CREATE(EXO_KIND_ENV, 4), EXO_CREATE(EXO_KIND_VCPU, 2), ~0ul,
    };

    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        REFUSED(EXO_EINVAL, exo_create(OWN, mem.handle, pfn, kinds[i], s, 0));
    REFUSED(EXO_EINVAL, exo_create(OWN, mem.handle, pfn, EXO_CREATE(EXO_KIND_PT1, 1), s, BOOT(ENV)));
    REFUSED(EXO_EINVAL, exo_create(OWN, mem.handle, pfn, EXO_CREATE(EXO_KIND_TABLE, 1), s, BOOT(TABLE)));
    REFUSED(EXO_ERANGE, exo_create(OWN, mem.handle, mem.base - 1, EXO_CREATE(EXO_KIND_PT1, 1), s, 0));
    REFUSED(EXO_ERANGE, exo_create(OWN, mem.handle, mem.base + mem.count, EXO_CREATE(EXO_KIND_PT1, 1), s, 0));
    REFUSED(EXO_ERANGE, exo_create(OWN, mem.handle, mem.base + mem.count - 1, EXO_CREATE(EXO_KIND_TABLE, 2), s, 0));
    REFUSED(EXO_ERANGE, exo_create(OWN, mem.handle, ~0ul, EXO_CREATE(EXO_KIND_TABLE, 2), s, 0));
    REFUSED(EXO_ERANGE, exo_create(OWN, mem.handle, pfn | 1ul << 52, EXO_CREATE(EXO_KIND_PT1, 1), s, 0));
    REFUSED(EXO_EBADCAP, exo_create(OWN, mem.handle, pfn, EXO_CREATE(EXO_KIND_PT1, 1), 4096, 0));
    REFUSED(EXO_EBADCAP, exo_create(OWN, mem.handle, pfn, EXO_CREATE(EXO_KIND_PT1, 1), 2, 0));
}

TEST(grant_needs_right)
{
    exo_cap_t t = make(EXO_KIND_TABLE, frame_take(1));
    long f = exo_cap_derive(mem.handle, mem.base, 2, MEM_RIGHTS & ~EXO_R_GRANT, OWN, slot_take());

    REFUSED(EXO_EPERM, exo_cap_derive(f, mem.base, 1, EXO_R_READ, t, 10));
    EQUAL(inspect_in(t, 10).type, 0);
    CHECK(exo_cap_derive(f, mem.base, 1, EXO_R_READ, OWN, slot_take()) > 0); /* in one's own table it is free */
    CHECK(exo_cap_derive(mem.handle, mem.base, 1, EXO_R_READ, t, 10) > 0);
    struct exo_cap_info c = inspect_in(t, 10);
    EQUAL(c.flags, EXO_CAP_FOREIGN);
    EQUAL(c.parent, 0);
}

/* Acting as another table, all handles of the call are read there. */
TEST(act_as_table)
{
    exo_cap_t t = make(EXO_KIND_TABLE, frame_take(1));
    uint64_t pfn = frame_take(4);

    REFUSED(EXO_EBADCAP, exo_create(t, EXO_HANDLE(20, 1), pfn, EXO_CREATE(EXO_KIND_PT1, 1), 21, 0));
    long f = exo_cap_derive(mem.handle, pfn, 4, MEM_RIGHTS, t, 20);
    long pt = exo_create(t, f, pfn, EXO_CREATE(EXO_KIND_PT1, 1), 21, 0);
    CHECK(pt > 0);
    const struct exo_pte e = {pt, f, LEAF(pfn + 1, EXO_W | EXO_NX), 0, EXO_PTE_SET};
    EQUAL(exo_pte_update(t, &e, 1, 0), 1);
    CHECK(exo_pte_update(OWN, &e, 1, 0) < 0);
    EQUAL(exo_cap_drop(t, pt), 0);
    REFUSED(EXO_EBADCAP, exo_create(t, mem.handle, frame_take(1), EXO_CREATE(EXO_KIND_PT1, 1), 22, 0));
    EQUAL(exo_cap_drop(t, f), 0);
    EQUAL(inspect_in(t, 20).type, 0);
}

/* What was granted goes with the source, in whichever table it is. */
TEST(revoke_reaches_other_tables)
{
    exo_cap_t t = make(EXO_KIND_TABLE, frame_take(1));
    long f = exo_cap_derive(mem.handle, mem.base, 4, MEM_RIGHTS, OWN, slot_take());

    for (uint32_t i = 10; i < 40; i++)
        CHECK(exo_cap_derive(f, mem.base + i % 4, 1, EXO_R_READ, t, i) > 0);
    EQUAL(revoke(f), 0);
    for (uint32_t i = 10; i < 40; i++)
        EQUAL(inspect_in(t, i).type, 0);
}

/* Tables that hold the memory of further tables: dropping the first takes all of them. */
TEST(tables_within_tables)
{
    uint64_t pfn = frame_take(16);
    exo_cap_t outer = make(EXO_KIND_TABLE, frame_take(1));
    long f = exo_cap_derive(mem.handle, pfn, 16, MEM_RIGHTS, outer, 10);

    for (unsigned i = 0; i < 8; i++) {
        long inner = exo_create(outer, f, pfn + i, EXO_CREATE(EXO_KIND_TABLE, 1), 20 + i, 0);
        CHECK(inner > 0);
    }
    EQUAL(drop(OWN, outer), 0);
    for (unsigned i = 0; i < 16; i++) /* all of it is plain memory again */
        drop(OWN, make(EXO_KIND_PT1, pfn + i));
}

/* An environment nests tables further, each made of memory that the one before was granted. */
static struct space outer_space;
static volatile long nested_result;

static void nest(void *arg)
{
    uint64_t pfn = outer_space.base + 20;
    long a = exo_create(OWN, outer_space.mem, pfn, EXO_CREATE(EXO_KIND_TABLE, 1), 40, 0);
    long f = exo_cap_derive(outer_space.mem, pfn, 8, MEM_RIGHTS, a, 10);
    long b = exo_create(a, f, pfn + 1, EXO_CREATE(EXO_KIND_TABLE, 1), 11, 0);
    long pt = exo_create(a, f, pfn + 2, EXO_CREATE(EXO_KIND_PT1, 1), 12, 0);
    long back = exo_cap_derive(a, pfn, 1, EXO_R_ALL, a, 13); /* a table that holds itself */

    (void)arg;
    nested_result = a > 0 && f > 0 && b > 0 && pt > 0 && back > 0;
}

TEST(tables_nested_by_their_holder)
{
    struct child c;

    space_make(&outer_space, 32);
    child_make(&c, &outer_space, nest, NULL);
    CHECK(child_run(&c));
    EQUAL(nested_result, 1);
    EQUAL(drop(OWN, outer_space.table), 0);
    for (unsigned i = 0; i < 32; i++) /* all of it is plain memory again */
        drop(OWN, make(EXO_KIND_PT1, outer_space.base + i));
}

static volatile uint32_t ran;

static void count_up(void *arg)
{
    (void)arg;
    for (;;)
        ran++;
}

/* A table is destroyed under the environments that are bound to it. */
TEST(table_with_environments)
{
    struct space s;
    struct child c[2];

    space_make(&s, 32);
    for (unsigned i = 0; i < 2; i++) {
        child_make(&c[i], &s, count_up, NULL);
        child_start(&c[i]);
        exo_yield(c[i].vcpu, 0, 0);
    }
    CHECK(ran > 0);
    EQUAL(drop(OWN, s.table), 0);
    uint32_t before = ran;
    for (unsigned i = 0; i < 2; i++) {
        EQUAL(exo_yield(c[i].vcpu, 0, 0), -EXO_EDEAD);
        EQUAL(exo_vcpu_control(c[i].vcpu, EXO_VCPU_START, NULL), -EXO_EDEAD);
        EQUAL(exo_env_set(c[i].env, EXO_ENV_KEEPER, 0, 0), -EXO_EDEAD);
        EQUAL(exo_create(OWN, mem.handle, frame_take(1), EXO_CREATE(EXO_KIND_VCPU, 1), slot_take(), c[i].env), -EXO_EDEAD);
    }
    EQUAL(ran, before);
    for (unsigned i = 0; i < 2; i++) {
        EQUAL(drop(OWN, c[i].vcpu), 0);
        EQUAL(drop(OWN, c[i].env), 0);
    }
}

/* An environment that holds its own table destroys it: it is gone, we go on and finish. */
static exo_cap_t suicide_handle;

static void destroy_own_table(void *arg)
{
    (void)arg;
    for (;;)
        exo_cap_drop(0, suicide_handle), ran++;
}

TEST(table_destroyed_from_within)
{
    struct space s;
    struct child c;

    space_make(&s, 32);
    /* its table is made of frames of mem: what it gets is a capability derived from the object, which it can only give up */
    suicide_handle = exo_cap_derive(s.table, inspect(EXO_HANDLE_SLOT(s.table)).base, 1, EXO_R_ALL, s.table, 60);
    CHECK((long)suicide_handle > 0);
    child_make(&c, &s, destroy_own_table, NULL);
    child_start(&c);
    exo_yield(c.vcpu, 0, 0);
    EQUAL(inspect_in(s.table, 60).type, 0);
    EQUAL(drop(OWN, s.table), 0);
    EQUAL(exo_yield(c.vcpu, 0, 0), -EXO_EDEAD);
}
