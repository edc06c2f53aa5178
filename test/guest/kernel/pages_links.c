/* SPDX-License-Identifier: MIT */
/* Links between page tables, sharing them, and clones. */
#include "rt.h"

#define RW (EXO_W | EXO_NX)

static long clone(exo_cap_t to, exo_cap_t from, uint64_t value)
{
    const struct exo_pte e = {to, from, value, 0, EXO_PTE_CLONE};

    return exo_pte_update(OWN, &e, 1, 0);
}

TEST(link_wrong_level)
{
    exo_cap_t pt[5] = {0};
    uint64_t pfn[5];

    for (unsigned level = 1; level <= 4; level++)
        pt[level] = make(EXO_KIND_PT1 + level - 1, pfn[level] = frame_take(1));
    for (unsigned upper = 2; upper <= 4; upper++)
        for (unsigned lower = 1; lower <= 4; lower++)
            if (lower != upper - 1)
                REFUSED(EXO_EFRAME, pte(pt[upper], 7, pt[lower], LINK(pfn[lower], EXO_W)));
    for (unsigned lower = 1; lower <= 4; lower++) /* level 1 has leaves only */
        REFUSED(EXO_ETYPE, pte(pt[1], 7, pt[lower], LINK(pfn[lower], RW)));
}

TEST(link_to_itself)
{
    for (unsigned level = 2; level <= 4; level++) {
        uint64_t pfn = frame_take(1);
        exo_cap_t pt = make(EXO_KIND_PT1 + level - 1, pfn);
        REFUSED(EXO_EFRAME, pte(pt, 3, pt, LINK(pfn, EXO_W)));
    }
}

/* A link names the whole table that its capability is for. */
TEST(link_other_frame)
{
    uint64_t pfn = frame_take(1), plain = frame_take(1);
    exo_cap_t pt1 = make(EXO_KIND_PT1, pfn);
    long part = exo_cap_derive(pt1, pfn * 512, 511, EXO_R_WRITE, OWN, slot_take());

    REFUSED(EXO_ERANGE, pte(window.pt2, 1, pt1, LINK(plain, EXO_W)));
    REFUSED(EXO_ERANGE, pte(window.pt2, 1, pt1, LINK(window.pt1_pfn, EXO_W)));
    REFUSED(EXO_ERANGE, pte(window.pt2, 1, part, LINK(pfn, EXO_W)));
    REFUSED(EXO_ETYPE, pte(window.pt2, 1, mem.handle, LINK(plain, EXO_W))); /* a plain frame as a page table */
    REFUSED(EXO_ETYPE, pte(window.pt3, 1, mem.handle, LINK(plain, EXO_W)));
    REFUSED(EXO_ETYPE, pte(window.pt2, 1, pt1, LEAF(pfn & -512ul, EXO_PS | RW)));
}

/* One writable parent, or several that are not. */
TEST(link_second_parent)
{
    uint64_t pfn = frame_take(1);
    exo_cap_t pt1 = make(EXO_KIND_PT1, pfn);

    EQUAL(pte(window.pt2, 1, pt1, LINK(pfn, EXO_W)), 1);
    REFUSED(EXO_EBUSY, pte(window.pt2, 2, pt1, LINK(pfn, EXO_W)));
    REFUSED(EXO_EBUSY, pte(window.pt2, 2, pt1, LINK(pfn, 0)));
    EQUAL(pte(window.pt2, 1, pt1, LINK(pfn, 0)), 1); /* the same link, no longer writable */
    EQUAL(pte(window.pt2, 2, pt1, LINK(pfn, 0)), 1);
    REFUSED(EXO_EBUSY, pte(window.pt2, 1, pt1, LINK(pfn, EXO_W))); /* XSA-182: a change of flags is a change */
    REFUSED(EXO_EBUSY, pte(window.pt2, 2, pt1, LINK(pfn, EXO_W)));
    REFUSED(EXO_EBUSY, pte(window.pt2, 3, pt1, LINK(pfn, EXO_W)));
    EQUAL(pte(window.pt2, 2, 0, 0), 1);
    EQUAL(pte(window.pt2, 1, pt1, LINK(pfn, EXO_W)), 1); /* the only one again */
    REFUSED(EXO_EBUSY, exo_cap_drop(OWN, pt1));
    EQUAL(pte(window.pt2, 1, 0, 0), 1);
    EQUAL(drop(OWN, pt1), 0);
}

/* What is mapped writable in a shared table is not writable through it. */
TEST(link_shared_is_read_only)
{
    uint64_t pfn = frame_take(1), page = frame_take(1);
    exo_cap_t pt1 = make(EXO_KIND_PT1, pfn);

    EQUAL(pte(pt1, 0, mem.handle, LEAF(page, RW)), 1);
    EQUAL(pte(window.pt2, 1, pt1, LINK(pfn, 0)), 1);
    EQUAL(pte(window.pt2, 2, pt1, LINK(pfn, 0)), 1);
    for (uint64_t i = 1; i <= 2; i++) {
        CHECK(*(volatile uint64_t *)(WINDOW + (i << 21)) + 1);
        FAULTS(VEC_PF, *(volatile uint64_t *)(WINDOW + (i << 21)) = 1);
    }
}

/* XSA-148: a large page over a frame that is, or becomes, a page table. */
TEST(large_page_over_table)
{
    uint64_t pfn = frame_take(512);
    exo_cap_t pt1 = make(EXO_KIND_PT1, pfn + 100);

    REFUSED(EXO_EFRAME, pte(window.pt2, 5, mem.handle, LEAF(pfn, EXO_PS | RW)));
    REFUSED(EXO_EFRAME, pte(window.pt2, 5, mem.handle, LEAF(pfn, EXO_PS | EXO_NX)));
    EQUAL(drop(OWN, pt1), 0);
    EQUAL(pte(window.pt2, 5, mem.handle, LEAF(pfn, EXO_PS | RW)), 1);
    for (unsigned i = 0; i < 512; i += 73)
        REFUSED(EXO_EBUSY, exo_create(OWN, mem.handle, pfn + i, EXO_CREATE(EXO_KIND_PT1, 1), slot_take(), 0));
    REFUSED(EXO_EBUSY, exo_create(OWN, mem.handle, pfn + 510, EXO_CREATE(EXO_KIND_TABLE, 2), slot_take(), 0));
    EQUAL(pte(window.pt2, 5, mem.handle, LEAF(pfn, EXO_PS | EXO_NX)), 1); /* read-only now: still mapped */
    REFUSED(EXO_EBUSY, exo_create(OWN, mem.handle, pfn, EXO_CREATE(EXO_KIND_PT1, 1), slot_take(), 0));
    EQUAL(pte(window.pt2, 5, 0, 0), 1);
    EQUAL(drop(OWN, make(EXO_KIND_PT1, pfn)), 0);
}

/* Rights of the capability, asked for each entry and for each change of one. */
TEST(leaf_rights)
{
    uint64_t pfn = frame_take(1);
    long r = exo_cap_derive(mem.handle, pfn, 1, EXO_R_READ, OWN, slot_take());
    long w = exo_cap_derive(mem.handle, pfn, 1, EXO_R_WRITE, OWN, slot_take());
    long rx = exo_cap_derive(mem.handle, pfn, 1, EXO_R_READ | EXO_R_EXEC, OWN, slot_take());

    EQUAL(pte(window.pt1, 0, r, LEAF(pfn, EXO_NX)), 1);
    REFUSED(EXO_EPERM, pte(window.pt1, 0, r, LEAF(pfn, RW)));
    REFUSED(EXO_EPERM, pte(window.pt1, 0, r, LEAF(pfn, 0)));
    REFUSED(EXO_EPERM, pte(window.pt1, 1, w, LEAF(pfn, RW))); /* no READ */
    REFUSED(EXO_EPERM, pte(window.pt1, 0, rx, LEAF(pfn, EXO_W)));
    EQUAL(pte(window.pt1, 0, rx, LEAF(pfn, 0)), 1);
    /* in one batch, after an entry that is right */
    const struct exo_pte batch[] = {{window.pt1, r, LEAF(pfn, EXO_NX), 5, 0}, {window.pt1, r, LEAF(pfn, RW), 6, 0}};
    EQUAL(exo_pte_update(OWN, batch, 2, 0), 1);
    const struct exo_pte exec[] = {{window.pt1, r, LEAF(pfn, EXO_NX), 7, 0}, {window.pt1, r, LEAF(pfn, 0), 8, 0}};
    EQUAL(exo_pte_update(OWN, exec, 2, 0), 1);
    const struct exo_pte beyond[] = {{window.pt1, r, LEAF(pfn, EXO_NX), 7, 0}, {window.pt1, r, LEAF(pfn + 1, EXO_NX), 8, 0}};
    EQUAL(exo_pte_update(OWN, beyond, 2, 0), 1);
    EQUAL(*self_entry(WINDOW + 6 * PAGE, 1) | *self_entry(WINDOW + 8 * PAGE, 1), 0);
}

/* Entries of a part of a table only. */
TEST(partial_table_capability)
{
    uint64_t page = frame_take(1);
    long part = exo_cap_derive(window.pt1, window.pt1_pfn * 512 + 100, 10, EXO_R_WRITE, OWN, slot_take());

    EQUAL(pte(part, 100, mem.handle, LEAF(page, RW)), 1);
    EQUAL(pte(part, 109, mem.handle, LEAF(page, RW)), 1);
    REFUSED(EXO_ERANGE, pte(part, 99, mem.handle, LEAF(page, RW)));
    REFUSED(EXO_ERANGE, pte(part, 110, mem.handle, LEAF(page, RW)));
    REFUSED(EXO_ERANGE, pte(part, 0, 0, 0));
    REFUSED(EXO_ERANGE, clone(part, window.pt1, 0));
    EQUAL(drop(OWN, part), 0); /* what was mapped by it goes */
    EQUAL(*self_entry(WINDOW + 100 * PAGE, 1) & EXO_P, 0);
}

/* Another table's page tables and frames. */
TEST(foreign_tables_and_frames)
{
    struct space s;
    uint64_t page = frame_take(1);

    space_make(&s, 32);
    long theirs = exo_create(s.table, s.mem, s.base + 10, EXO_CREATE(EXO_KIND_PT1, 1), 50, 0);
    CHECK(theirs > 0);
    CHECK(pte(theirs, 0, mem.handle, LEAF(page, RW)) < 0); /* their handle means nothing here */
    struct exo_pte e = {theirs, mem.handle, LEAF(page, RW), 0, 0};
    CHECK(exo_pte_update(s.table, &e, 1, 0) < 0); /* our frame's handle means nothing there */
    e = (struct exo_pte){theirs, s.mem, LEAF(page, RW), 0, 0};
    REFUSED(EXO_ERANGE, exo_pte_update(s.table, &e, 1, 0));
    /* our page table, granted to them: they may clear it, but not map with their capabilities in it */
    long ours = exo_cap_derive(window.pt1, window.pt1_pfn * 512, 512, EXO_R_WRITE, s.table, 51);
    e = (struct exo_pte){ours, s.mem, LEAF(s.base + 20, RW), 0, 0};
    REFUSED(EXO_EFRAME, exo_pte_update(s.table, &e, 1, 0));
    long pt2 = exo_create(s.table, s.mem, s.base + 11, EXO_CREATE(EXO_KIND_PT2, 1), 52, 0);
    e = (struct exo_pte){pt2, ours, LINK(window.pt1_pfn, 0), 0, 0};
    REFUSED(EXO_EFRAME, exo_pte_update(s.table, &e, 1, 0)); /* nor link it */
    e = (struct exo_pte){theirs, ours, 0, 0, EXO_PTE_CLONE};
    REFUSED(EXO_EFRAME, exo_pte_update(s.table, &e, 1, 0)); /* nor copy it */
    e = (struct exo_pte){ours, theirs, 0, 0, EXO_PTE_CLONE};
    CHECK(exo_pte_update(s.table, &e, 1, 0) < 0);
}

TEST(clone_misuse)
{
    exo_cap_t a = make(EXO_KIND_PT1, frame_take(1)), full = make(EXO_KIND_PT1, frame_take(1)), b = make(EXO_KIND_PT1, frame_take(1));
    exo_cap_t r1 = make(EXO_KIND_PT4, frame_take(1)), r2 = make(EXO_KIND_PT4, frame_take(1)), pt2 = make(EXO_KIND_PT2, frame_take(1));
    uint64_t page = frame_take(1);

    EQUAL(pte(a, 5, mem.handle, LEAF(page, RW)), 1);
    EQUAL(pte(full, 511, mem.handle, LEAF(page, RW)), 1);
    REFUSED(EXO_EBUSY, clone(full, a, 0));
    REFUSED(EXO_EFRAME, clone(a, a, 0));
    REFUSED(EXO_EFRAME, clone(r1, r2, 0));
    REFUSED(EXO_EFRAME, clone(r1, BOOT(ROOT), 0));
    REFUSED(EXO_EFRAME, clone(pt2, a, 0));
    REFUSED(EXO_EFRAME, clone(b, pt2, 0));
    REFUSED(EXO_ETYPE, clone(b, mem.handle, 0));
    REFUSED(EXO_EINVAL, clone(b, a, 2));
    REFUSED(EXO_EINVAL, clone(b, a, ~0ul));
    const struct exo_pte indexed = {b, a, 0, 1, EXO_PTE_CLONE}, unknown = {b, a, 0, 0, 2}, wild = {b, a, 0, 0, ~0u};
    REFUSED(EXO_EINVAL, exo_pte_update(OWN, &indexed, 1, 0));
    REFUSED(EXO_EINVAL, exo_pte_update(OWN, &unknown, 1, 0));
    REFUSED(EXO_EINVAL, exo_pte_update(OWN, &wild, 1, 0));
    REFUSED(EXO_EBUSY, clone(pt2, window.pt2, 0)); /* it has a writable link */
}

/* Copies are read-only; with PROTECT, the source is as well. */
TEST(clone_works)
{
    exo_cap_t a = make(EXO_KIND_PT1, frame_take(1));
    uint64_t b_pfn = frame_take(1), page = frame_take(1);
    exo_cap_t b = make(EXO_KIND_PT1, b_pfn);

    map_page(5, page, RW);
    EQUAL(clone(a, window.pt1, 0), 1);
    *(volatile uint64_t *)(WINDOW + 5 * PAGE) = 7; /* still writable here */
    EQUAL(clone(b, window.pt1, EXO_CLONE_PROTECT), 1);
    FAULTS(VEC_PF, *(volatile uint64_t *)(WINDOW + 5 * PAGE) = 8);
    EQUAL(pte(window.pt2, 1, b, LINK(b_pfn, EXO_W)), 1);
    EQUAL(*(volatile uint64_t *)(WINDOW + (1ul << 21) + 5 * PAGE), 7);
    FAULTS(VEC_PF, *(volatile uint64_t *)(WINDOW + (1ul << 21) + 5 * PAGE) = 9);
    REFUSED(EXO_EBUSY, exo_create(OWN, mem.handle, page, EXO_CREATE(EXO_KIND_PT1, 1), slot_take(), 0));
}

/* A table of links is copied: the lower ones have two parents then, and none may be writable. */
TEST(clone_of_links)
{
    uint64_t copy_pfn = frame_take(1);
    exo_cap_t copy = make(EXO_KIND_PT2, copy_pfn);

    map_page(0, frame_take(1), RW);
    EQUAL(clone(copy, window.pt2, EXO_CLONE_PROTECT), 1);
    FAULTS(VEC_PF, *(volatile uint64_t *)WINDOW = 1);
    REFUSED(EXO_EBUSY, pte(window.pt2, 0, window.pt1, LINK(window.pt1_pfn, EXO_W)));
    EQUAL(drop(OWN, copy), 0); /* its links go with it */
    EQUAL(pte(window.pt2, 0, window.pt1, LINK(window.pt1_pfn, EXO_W)), 1);
    *(volatile uint64_t *)WINDOW = 1;
}

/* A frame that is mapped cannot become an object, until its last mapping is gone. */
TEST(retype_mapped)
{
    uint64_t pfn = frame_take(2);

    map_page(0, pfn, EXO_NX);
    map_page(1, pfn, EXO_NX);
    for (unsigned kind = EXO_KIND_PT1; kind <= EXO_KIND_PT4; kind++)
        REFUSED(EXO_EBUSY, exo_create(OWN, mem.handle, pfn, EXO_CREATE(kind, 1), slot_take(), 0));
    REFUSED(EXO_EBUSY, exo_create(OWN, mem.handle, pfn, EXO_CREATE(EXO_KIND_TABLE, 2), slot_take(), 0));
    EQUAL(pte(window.pt1, 0, 0, 0), 1);
    REFUSED(EXO_EBUSY, exo_create(OWN, mem.handle, pfn, EXO_CREATE(EXO_KIND_PT1, 1), slot_take(), 0));
    EQUAL(pte(window.pt1, 1, 0, 0), 1);
    EQUAL(drop(OWN, make(EXO_KIND_PT1, pfn)), 0);
}

/* The kernel zeroes what it retypes, and gives it back unchanged in type. */
TEST(retype_is_zeroed)
{
    uint64_t pfn = frame_take(1);
    volatile uint64_t *p = map_page(0, pfn, RW);

    for (unsigned i = 0; i < 512; i++)
        p[i] = LEAF(pfn, RW | EXO_U); /* what would be a fine page table */
    EQUAL(pte(window.pt1, 0, 0, 0), 1);
    exo_cap_t pt1 = make(EXO_KIND_PT1, pfn);
    EQUAL(pte(window.pt2, 1, pt1, LINK(pfn, EXO_W)), 1);
    for (uint64_t i = 0; i < 512; i++)
        EQUAL(*self_entry(WINDOW + (1ul << 21) + i * PAGE, 1), 0);
}

/* Stopping at the first entry that is refused. */
TEST(batch_stops)
{
    uint64_t pfn = frame_take(1);
    struct exo_pte batch[40];

    for (uint32_t i = 0; i < 40; i++)
        batch[i] = (struct exo_pte){window.pt1, mem.handle, LEAF(pfn, RW), i, 0};
    batch[35].value |= PTE_G;
    EQUAL(exo_pte_update(OWN, batch, 40, 0), 35);
    for (uint64_t i = 0; i < 40; i++)
        EQUAL(*self_entry(WINDOW + i * PAGE, 1) & EXO_P, i < 35);
    REFUSED(EXO_EENTRY, exo_pte_update(OWN, batch + 35, 5, 0));
}
TEST(map_and_unmap)
{
    uint64_t pfn = frame_take(1);
    volatile uint64_t *p = map_page(3, pfn, EXO_W | EXO_NX);

    *p = 42;
    EQUAL(*p, 42);
    EQUAL(pte(window.pt1, 3, 0, 0), 1);
    FAULTS(VEC_PF, (void)*p);
    EQUAL(rt_self()->fault.address, p);
}
