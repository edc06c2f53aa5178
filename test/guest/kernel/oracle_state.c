/* SPDX-License-Identifier: MIT */
/* Not a test of its own: leaves behind some of everything, for the oracle (test/oracle) to look at from outside. */
#include "rt.h"

#define RW (EXO_W | EXO_NX)

static void spin(void *arg)
{
    (void)arg;
    for (;;)
        ;
}

/* Tables shared by several parents, copies, large pages, devices and information pages. */
static void mappings(void)
{
    uint64_t shared_pfn = frame_take(1), copy_pfn = frame_take(1), large = frame_take(512);
    exo_cap_t shared = make(EXO_KIND_PT1, shared_pfn), copy = make(EXO_KIND_PT1, copy_pfn);

    for (uint32_t i = 0; i < 100; i++)
        map_page(i, frame_take(1), i % 3 ? RW : EXO_NX);
    map_page(100, pfn_at((void *)WINDOW), RW);
    EQUAL(pte(shared, 4, mem.handle, LEAF(frame_take(1), RW)), 1);
    for (uint32_t i = 1; i < 5; i++)
        EQUAL(pte(window.pt2, i, shared, LINK(shared_pfn, 0)), 1);
    const struct exo_pte clone = {copy, window.pt1, 0, 0, EXO_PTE_CLONE};
    EQUAL(exo_pte_update(OWN, &clone, 1, 0), 1);
    EQUAL(pte(window.pt2, 6, copy, LINK(copy_pfn, EXO_W)), 1);
    EQUAL(pte(window.pt2, 9, mem.handle, LEAF(large, RW | EXO_PS)), 1);
    EQUAL(pte(window.pt2, 10, mem.handle, LEAF(large, EXO_NX | EXO_PS)), 1);
    EQUAL(pte(window.pt1, 200, find_cap(EXO_FRAME, 0xb8, EXO_R_WRITE).handle, LEAF(0xb8, RW)), 1);
    EQUAL(pte(window.pt1, 201, BOOT(INFO), LEAF(inspect(EXO_BOOT_INFO).base, EXO_NX)), 1);
    EQUAL(pte(window.pt1, 202, 0, EXO_PTE_SOFT), 1);
}

TEST(oracle_state)
{
    struct space s[2];
    struct child c[3];
    long h = mem.handle;

    mappings();
    for (unsigned i = 0; i < 2; i++) {
        space_make(&s[i], 64);
        child_make(&c[i], &s[i], spin, NULL);
        child_start(&c[i]);
        exo_yield(c[i].vcpu, 0, 0);
    }
    child_make(&c[2], NULL, spin, NULL);
    for (unsigned i = 0; i < 25; i++) {
        h = exo_cap_derive(h, mem.base, mem.count - i, EXO_R_ALL & 0x1f, OWN, slot_take());
        CHECK(exo_cap_derive(h, mem.base + i, 1, EXO_R_READ, s[i % 2].table, 60) == -EXO_EBADCAP ||
              exo_cap_derive(h, mem.base + i, 1, EXO_R_READ, s[i % 2].table, 20 + i) > 0);
    }
    if (!failed())
        say("ok oracle_state\n1 passed, 0 failed\n");
    power_off(failed());
}
