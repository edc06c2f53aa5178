/* SPDX-License-Identifier: MIT */
/* The derivation tree: revoke takes all below, in bounded steps; drop takes leaves. */
#include "rt.h"

#define MEM_RIGHTS (EXO_R_READ | EXO_R_WRITE | EXO_R_EXEC | EXO_R_RETYPE | EXO_R_GRANT)

static long derive(exo_cap_t src, uint64_t count)
{
    return exo_cap_derive(src, mem.base, count, MEM_RIGHTS, OWN, slot_take());
}

TEST(drop_leaves_only)
{
    long a = derive(mem.handle, 4), b = derive(a, 2), c = derive(b, 1);

    REFUSED(EXO_EBUSY, exo_cap_drop(OWN, a));
    REFUSED(EXO_EBUSY, exo_cap_drop(OWN, b));
    EQUAL(exo_cap_drop(OWN, c), 0);
    EQUAL(exo_cap_drop(OWN, b), 0);
    EQUAL(exo_cap_drop(OWN, a), 0);
    REFUSED(EXO_ESTALE, exo_cap_drop(OWN, a));
}

TEST(revoke_takes_all_below)
{
    long a = derive(mem.handle, 4), sibling = derive(mem.handle, 4), b = derive(a, 4);
    uint32_t first = slot_take(), n = 200;

    for (uint32_t i = 0; i < n; i++)
        CHECK(exo_cap_derive(i % 3 ? (exo_cap_t)b : (exo_cap_t)a, mem.base, 1, EXO_R_READ, OWN, first + i) > 0);
    for (uint32_t i = 1; i < n; i++)
        slot_take();
    EQUAL(revoke(b), 0);
    for (uint32_t i = 0; i < n; i++)
        EQUAL(inspect(first + i).type, i % 3 ? 0 : EXO_FRAME);
    EQUAL(revoke(a), 0);
    for (uint32_t i = 0; i < n; i++)
        EQUAL(inspect(first + i).type, 0);
    EQUAL(inspect(EXO_HANDLE_SLOT(b)).type, 0);
    EQUAL(inspect(EXO_HANDLE_SLOT(a)).type, EXO_FRAME);
    EQUAL(inspect(EXO_HANDLE_SLOT(sibling)).type, EXO_FRAME);
    EQUAL(inspect(EXO_HANDLE_SLOT(a)).flags, 0);
    EQUAL(exo_cap_revoke(a), 0); /* nothing left: at once */
}

/* A large subtree takes more than one call, and refuses to grow until it is gone. */
TEST(revoke_in_steps)
{
    long a = derive(mem.handle, 4), b = derive(a, 4), leaf = 0;
    unsigned calls = 0;
    long error;

    for (unsigned i = 0; i < 500; i++)
        leaf = derive(b, 1);
    EQUAL(exo_cap_revoke(a), -EXO_EAGAIN);
    CHECK(inspect(EXO_HANDLE_SLOT(a)).flags & EXO_CAP_REVOKING);
    CHECK(inspect(EXO_HANDLE_SLOT(b)).type == EXO_FRAME);
    REFUSED(EXO_EREVOKE, derive(a, 1));
    REFUSED(EXO_EREVOKE, derive(b, 1));
    if (inspect(EXO_HANDLE_SLOT(leaf)).type)
        REFUSED(EXO_EREVOKE, derive(leaf, 1));
    REFUSED(EXO_EREVOKE, exo_create(OWN, b, mem.base, EXO_CREATE(EXO_KIND_PT1, 1), slot_take(), 0));
    REFUSED(EXO_EBUSY, exo_cap_drop(OWN, a));
    CHECK(derive(mem.handle, 1) > 0); /* beside it, all goes on */
    while ((error = exo_cap_revoke(a)) == -EXO_EAGAIN)
        calls++;
    EQUAL(error, 0);
    CHECK(calls > 5); /* each is bounded */
    CHECK(derive(a, 1) > 0);
}

/* Time of one step, whatever the subtree's size. */
TEST(revoke_step_is_bounded)
{
    long a = derive(mem.handle, 4);
    uint64_t small, large;

    for (unsigned i = 0; i < 100; i++)
        derive(a, 1);
    uint64_t begin = now();
    EQUAL(exo_cap_revoke(a), -EXO_EAGAIN);
    small = now() - begin;
    EQUAL(revoke(a), 0);
    for (unsigned i = 0; i < 2500; i++)
        derive(a, 1);
    begin = now();
    EQUAL(exo_cap_revoke(a), -EXO_EAGAIN);
    large = now() - begin;
    CHECK(large < small * 20 + info->tsc_khz); /* 25 times the size; a millisecond for the emulator's whims */
}

TEST(revoke_inner_while_outer_is_under_way)
{
    long a = derive(mem.handle, 4), b = derive(a, 4);

    for (unsigned i = 0; i < 300; i++)
        derive(b, 1);
    EQUAL(exo_cap_revoke(a), -EXO_EAGAIN);
    EQUAL(revoke(b), 0);
    REFUSED(EXO_EREVOKE, derive(b, 1)); /* still under a */
    EQUAL(exo_cap_drop(OWN, b), 0);
    EQUAL(revoke(a), 0);
    CHECK(derive(a, 1) > 0);
}

TEST(revoke_leaf_is_nothing)
{
    long a = derive(mem.handle, 1);

    REFUSED(0, exo_cap_revoke(a));
}

/* The handles of a subtree that is gone are stale, even when the slots are taken again. */
TEST(revoked_handles_are_stale)
{
    long a = derive(mem.handle, 4), old[20];

    for (unsigned i = 0; i < 20; i++)
        old[i] = derive(a, 1);
    EQUAL(revoke(a), 0);
    for (unsigned i = 0; i < 20; i++) {
        long again = exo_cap_derive(a, mem.base, 1, EXO_R_READ, OWN, EXO_HANDLE_SLOT(old[i]));
        CHECK(again > 0 && again != old[i]);
        REFUSED(EXO_ESTALE, exo_cap_drop(OWN, old[i]));
    }
}

/* Dropping a large range takes bounded steps as well; the slot is refused meanwhile. */
TEST(drop_mapped_in_steps)
{
    uint64_t pfn = frame_take(1);
    long f = exo_cap_derive(mem.handle, pfn, 1, EXO_R_READ | EXO_R_WRITE, OWN, slot_take());

    EQUAL(pte(window.pt1, 0, f, LEAF(pfn, EXO_W | EXO_NX)), 1);
    for (unsigned i = 0; i < 300; i++)
        make(EXO_KIND_PT1, frame_take(1));
    EQUAL(exo_cap_drop(OWN, f), -EXO_EAGAIN);
    EQUAL(exo_cap_revoke(f), -EXO_EBADCAP);
    REFUSED(EXO_EBADCAP, exo_cap_derive(f, pfn, 1, EXO_R_READ, OWN, slot_take()));
    REFUSED(EXO_EBADCAP, pte(window.pt1, 1, f, LEAF(pfn, EXO_NX)));
    EQUAL(drop(OWN, f), 0);
    EQUAL(*self_entry(WINDOW, 1) & EXO_P, 0);
}
