/* SPDX-License-Identifier: MIT */
/* The slice vector: shares, epilogues, stops by force, debts. Run with icount, where a tick is an instruction. */
#include "rt.h"

#define ROTATION (info->slot_ticks * EXO_SLOTS)
#define SLICE_END (1ul << EXO_EV_SLICE_END)
#define SLICE_BEGIN (1ul << EXO_EV_SLICE_BEGIN)

static struct range slices;

static void spin(void *arg)
{
    volatile uint64_t *counter = arg;

    for (;;)
        ++*counter;
}

/* Slot 0 is ours; a has [1, split), b the rest. */
static void divide(struct child *a, struct child *b, uint32_t split)
{
    slices = find_cap(EXO_SLICE, 0, EXO_R_BIND);
    EQUAL(exo_slice_bind(slices.handle, 1, split - 1, a->vcpu, 0xa), 0);
    EQUAL(exo_slice_bind(slices.handle, split, EXO_SLOTS - split, b->vcpu, 0xb), 0);
}

static void wait_rotations(unsigned n)
{
    EQUAL(exo_yield(0, EXO_YIELD_WAIT, now() + n * ROTATION), 0);
}

static void expect_share(uint64_t part, uint64_t whole, uint64_t per_mille, uint64_t tolerance)
{
    uint64_t share = whole ? part * 1000 / whole : 0;

    if (share + tolerance < per_mille || share > per_mille + tolerance)
        FAIL("share is %u per mille, not %u", share, per_mille);
}

/* A third and two thirds, over ten rotations, within two points in a hundred. */
TEST(slice_shares)
{
    struct child a, b;
    static volatile uint64_t ca, cb;

    child_make(&a, NULL, spin, (void *)&ca);
    child_make(&b, NULL, spin, (void *)&cb);
    child_start(&a);
    child_start(&b);
    divide(&a, &b, 43);
    ca = cb = 0;
    wait_rotations(10);
    uint64_t na = ca, nb = cb;
    roots_restore();
    /* slot 0 is not used while we wait: it goes to the next in the vector, which is a */
    expect_share(na, na + nb, 43 * 1000 / 128, 20);
}

/* Interleaved slots of single length give the same. */
TEST(slice_interleaved)
{
    struct child a, b;
    static volatile uint64_t ca, cb;

    child_make(&a, NULL, spin, (void *)&ca);
    child_make(&b, NULL, spin, (void *)&cb);
    child_start(&a);
    child_start(&b);
    divide(&a, &b, 2);
    for (uint32_t i = 1; i < EXO_SLOTS; i += 4)
        EQUAL(exo_slice_bind(slices.handle, i, 1, a.vcpu, 0), 0);
    ca = cb = 0;
    wait_rotations(4);
    uint64_t na = ca, nb = cb;
    roots_restore();
    expect_share(na, na + nb, 33 * 1000 / 128, 25);
}

static void yield_hook(struct rt_vcpu *v, uint64_t kind)
{
    uint64_t taken = __atomic_fetch_and(&v->page.pending, ~v->page.enabled, __ATOMIC_SEQ_CST) & v->page.enabled;

    (void)kind;
    v->events |= taken;
    if (taken & SLICE_END)
        exo_yield(0, 0, 0);
}

/* Who yields at the epilogue is never stopped by force and owes nothing. */
TEST(slice_epilogue_obeyed)
{
    struct child a, b;
    static volatile uint64_t ca, cb;

    child_make(&a, NULL, spin, (void *)&ca);
    child_make(&b, NULL, spin, (void *)&cb);
    a.v->page.enabled = b.v->page.enabled = SLICE_END | SLICE_BEGIN;
    a.v->hook = b.v->hook = yield_hook;
    child_start(&a);
    child_start(&b);
    divide(&a, &b, 64);
    uint64_t forced = cpu_info->forced_stops;
    wait_rotations(3);
    uint64_t after = cpu_info->forced_stops;
    roots_restore();
    EQUAL(after, forced);
    EQUAL(a.v->events & (SLICE_END | SLICE_BEGIN), SLICE_END | SLICE_BEGIN);
    EQUAL(b.v->events & (SLICE_END | SLICE_BEGIN), SLICE_END | SLICE_BEGIN);
    CHECK(a.v->upcalls >= 4);
    CHECK(a.v->page.slice_end > a.v->page.slice_begin);
    CHECK(a.v->page.debt < info->grace_ticks); /* what the way out of an upcall takes */
}

/* With upcalls masked it is stopped when its grace is over, keeps its registers, and pays in its next slot. */
static void spin_masked(void *arg)
{
    __atomic_store_n(&rt_self()->page.mask, 1, __ATOMIC_SEQ_CST); /* else it is dead: nobody seems to read it */
    spin(arg);
}

TEST(slice_forced_stop)
{
    struct child a, b;
    static volatile uint64_t ca, cb;

    child_make(&a, NULL, spin_masked, (void *)&ca);
    child_make(&b, NULL, spin, (void *)&cb);
    a.v->page.enabled = b.v->page.enabled = SLICE_END;
    b.v->hook = yield_hook;
    child_start(&a);
    child_start(&b);
    divide(&a, &b, 64);
    uint64_t forced = cpu_info->forced_stops, begin = cpu_info->upcalls;
    ca = cb = 0;
    wait_rotations(8);
    uint64_t na = ca, nb = cb, stops = cpu_info->forced_stops - forced;
    roots_restore();
    CHECK(stops >= 7 && stops <= 10);
    CHECK(cpu_info->upcalls > begin);
    EQUAL(a.v->upcalls, 0);
    EQUAL(a.v->page.pending & SLICE_END, SLICE_END);
    CHECK(a.v->page.debt <= info->grace_ticks + info->grace_ticks / 2); /* paid each time, not collected */
    expect_share(na, na + nb, 500, 20);
}

/* Somebody who overruns every slot gets no more than somebody who does not: single slots in turn. */
TEST(slice_debit)
{
    struct child a, b;
    static volatile uint64_t ca, cb;

    child_make(&a, NULL, spin_masked, (void *)&ca);
    child_make(&b, NULL, spin, (void *)&cb);
    b.v->page.enabled = SLICE_END;
    b.v->hook = yield_hook;
    child_start(&a);
    child_start(&b);
    divide(&a, &b, 2);
    for (uint32_t i = 1; i < EXO_SLOTS; i += 2)
        EQUAL(exo_slice_bind(slices.handle, i, 1, a.vcpu, 0), 0);
    ca = cb = 0;
    wait_rotations(4);
    uint64_t na = ca, nb = cb;
    roots_restore();
    expect_share(na, na + nb, 500, 25);
}

TEST(slice_bind_arguments)
{
    struct child a;
    static volatile uint64_t ca;
    slices = find_cap(EXO_SLICE, 0, EXO_R_BIND);
    const struct { uint64_t first, count; } bad[] = {
        {0, 0}, {0, 129}, {128, 1}, {127, 2}, {~0ul, 1}, {~0ul, 2}, {1, ~0ul}, {0, 1ul << 32}, {1ul << 32, 1}, {1024, 1},
    };

    child_make(&a, NULL, spin, (void *)&ca);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        REFUSED(EXO_ERANGE, exo_slice_bind(slices.handle, bad[i].first, bad[i].count, a.vcpu, 0));
    EQUAL(cpu_info->slot[100].vcpu, inspect(EXO_BOOT_VCPU).base / 64);
    EQUAL(exo_slice_bind(slices.handle, 100, 2, a.vcpu, 0x1122334455667788), 0);
    EQUAL(cpu_info->slot[100].vcpu, a.vcpu_pfn);
    EQUAL(cpu_info->slot[101].label, 0x1122334455667788);
    EQUAL(cpu_info->slot[102].vcpu, inspect(EXO_BOOT_VCPU).base / 64);
    EQUAL(exo_slice_bind(slices.handle, 100, 2, 0, 0), 0);
    EQUAL(cpu_info->slot[100].vcpu, 0);
    long part = exo_cap_derive(slices.handle, 10, 5, EXO_R_BIND, OWN, slot_take());
    REFUSED(EXO_ERANGE, exo_slice_bind(part, 9, 1, a.vcpu, 0));
    REFUSED(EXO_ERANGE, exo_slice_bind(part, 14, 2, a.vcpu, 0));
    EQUAL(exo_slice_bind(part, 10, 5, a.vcpu, 0), 0);
    EQUAL(drop(OWN, part), 0); /* what was bound by it is free */
    EQUAL(cpu_info->slot[12].vcpu, 0);
    roots_restore();
}
