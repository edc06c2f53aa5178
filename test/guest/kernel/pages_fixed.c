/* SPDX-License-Identifier: MIT */
/* One test for each way around the page-table rules that was once found open. */
#include "rt.h"

#define NO_HANDLE (~0ul) /* the kernel once used this value for "none resolved yet" */

/* An entry that names an impossible handle must not be judged by what the batch resolved before. */
TEST(fixed_batch_impossible_object)
{
    uint64_t fake = frame_take(1);
    const struct exo_pte batch[] = {
        {window.pt1, mem.handle, LEAF(fake, EXO_W), 7, EXO_PTE_SET},
        {window.pt2, NO_HANDLE, 0, 5, EXO_PTE_SET},
        {window.pt2, NO_HANDLE, LEAF(fake, EXO_W), 6, EXO_PTE_SET},
    };

    long done = exo_pte_update(OWN, batch, 3, 0);
    CHECK(done == 1 || done == 2);
    EQUAL(*self_entry(WINDOW + (6ul << 21), 2), 0);
    const struct exo_pte again[] = {batch[0], {window.pt2, NO_HANDLE, LEAF(fake, EXO_W), 8, EXO_PTE_SET}};
    EQUAL(exo_pte_update(OWN, again, 2, 0), 1);
    EQUAL(*self_entry(WINDOW + (8ul << 21), 2), 0);
}

TEST(fixed_batch_impossible_table)
{
    uint64_t pfn = frame_take(1);
    const struct exo_pte e = {NO_HANDLE, mem.handle, LEAF(pfn, EXO_W | EXO_NX), 0, EXO_PTE_SET};
    const struct exo_pte none = {NO_HANDLE, NO_HANDLE, LEAF(pfn, EXO_W | EXO_NX), 0, EXO_PTE_SET};

    snap_take();
    CHECK(exo_pte_update(OWN, &e, 1, 0) < 0);
    CHECK(exo_pte_update(OWN, &none, 1, 0) < 0);
    snap_compare("impossible table");
}

/* More page tables than a call sweeps; the one whose entries count is the oldest, and so the last to be swept. */
#define MANY 300

static void many_tables(void)
{
    for (unsigned i = 0; i < MANY; i++)
        make(EXO_KIND_PT1, frame_take(1));
}

/* A copy that is made while a frame is being taken back must not keep it. */
TEST(fixed_clone_during_sweep_of_frame)
{
    uint64_t pfn = frame_take(1);
    exo_cap_t old = make(EXO_KIND_PT1, frame_take(1));
    exo_cap_t f = exo_cap_derive(mem.handle, pfn, 1, EXO_R_READ | EXO_R_WRITE, OWN, slot_take());

    EQUAL(pte(old, 0, f, LEAF(pfn, EXO_W | EXO_NX)), 1);
    many_tables();
    uint64_t copy_pfn = frame_take(1);
    exo_cap_t copy = make(EXO_KIND_PT1, copy_pfn);
    EQUAL(exo_cap_drop(OWN, f), -EXO_EAGAIN); /* else there are too few tables for this test */
    const struct exo_pte clone = {copy, old, EXO_CLONE_PROTECT, 0, EXO_PTE_CLONE};
    exo_pte_update(OWN, &clone, 1, 0);
    EQUAL(drop(OWN, f), 0);
    EQUAL(pte(window.pt2, 1, copy, LINK(copy_pfn, 0)), 1);
    EQUAL(*(volatile uint64_t *)self_entry(WINDOW + (1ul << 21), 1) & EXO_P, 0);
}

/* Nor may it keep a link to a page table that becomes plain memory. */
TEST(fixed_clone_during_sweep_of_table)
{
    uint64_t victim = frame_take(1), old_pfn = frame_take(1);
    exo_cap_t old = make(EXO_KIND_PT2, old_pfn);
    exo_cap_t f = exo_cap_derive(mem.handle, victim, 1, EXO_R_ALL & 0x1f, OWN, slot_take());
    long pt1 = exo_create(OWN, f, victim, EXO_CREATE(EXO_KIND_PT1, 1), slot_take(), 0);

    EQUAL(pte(old, 0, pt1, LINK(victim, 0)), 1);
    many_tables();
    uint64_t copy_pfn = frame_take(1);
    exo_cap_t copy = make(EXO_KIND_PT2, copy_pfn);
    EQUAL(exo_cap_revoke(f), -EXO_EAGAIN);
    const struct exo_pte clone = {copy, old, 0, 0, EXO_PTE_CLONE};
    exo_pte_update(OWN, &clone, 1, 0);
    EQUAL(revoke(f), 0);
    EQUAL(pte(window.pt3, 1, copy, LINK(copy_pfn, 0)), 1);
    EQUAL(*(volatile uint64_t *)self_entry(WINDOW + (1ul << 30), 2) & EXO_P, 0);
}

/* A sweep for a page table that is unlinked meanwhile must not be taken for one of the next capability in its slot. */
TEST(fixed_sweep_left_behind)
{
    uint64_t victim = frame_take(1), other = frame_take(1), old_pfn = frame_take(1), pfn = frame_take(1);
    exo_cap_t old = make(EXO_KIND_PT2, old_pfn);
    exo_cap_t f = exo_cap_derive(mem.handle, victim, 1, EXO_R_ALL & 0x1f, OWN, slot_take());
    uint32_t slot = slot_take();
    long pt1 = exo_create(OWN, f, victim, EXO_CREATE(EXO_KIND_PT1, 1), slot, 0);

    EQUAL(pte(old, 0, pt1, LINK(victim, 0)), 1);
    many_tables();
    uint64_t new_pfn = frame_take(1);
    exo_cap_t new = make(EXO_KIND_PT1, new_pfn); /* the newest is swept first */
    EQUAL(pte(window.pt2, 1, new, LINK(new_pfn, EXO_W)), 1);
    EQUAL(exo_cap_revoke(f), -EXO_EAGAIN);
    EQUAL(pte(old, 0, 0, 0), 1);
    EQUAL(revoke(f), 0);
    long reused = exo_cap_derive(mem.handle, pfn, 1, EXO_R_READ | EXO_R_WRITE, OWN, slot);
    CHECK(reused > 0);
    EQUAL(pte(new, 9, reused, LEAF(pfn, EXO_W | EXO_NX)), 1);
    long another = exo_cap_derive(mem.handle, other, 1, EXO_R_READ | EXO_R_WRITE, OWN, slot_take());
    EQUAL(pte(new, 10, another, LEAF(other, EXO_W | EXO_NX)), 1);
    EQUAL(drop(OWN, another), 0); /* ends what is left of the old sweep */
    EQUAL(drop(OWN, reused), 0);
    EQUAL(*self_entry(WINDOW + (1ul << 21) + 9 * PAGE, 1) & EXO_P, 0);
    EQUAL(*self_entry(WINDOW + (1ul << 21) + 10 * PAGE, 1) & EXO_P, 0);
}
