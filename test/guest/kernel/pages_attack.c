/* SPDX-License-Identifier: MIT */
/* Ways to a mapping that nobody may have. Each test is one. */
#include "rt.h"

#define RW (EXO_W | EXO_NX)
#define SELF(level, at) self_entry(at, level)

/* A frame in our own root capability, whatever it is used for. */
static exo_cap_t holder(uint64_t pfn)
{
    return find_cap(EXO_FRAME, pfn, EXO_R_READ).handle;
}

/* The kernel's own frames belong to no capability. The self-map shows where a few of them lie: its page tables. */
TEST(attack_kernel_frames)
{
    unsigned found = 0;

    for (uint64_t i = 256; i < 512; i++) {
        uint64_t entry = ((const volatile uint64_t *)((uint64_t)SELF(4, 0) & -PAGE))[i], pfn = (entry & EXO_PTE_ADDR) >> 12;
        if (!(entry & EXO_P))
            continue;
        found++;
        CHECK(!(entry & EXO_U));
        for (uint32_t s = EXO_TABLE_HEAD; s < 200; s++) {
            struct exo_cap_info c = inspect(s);
            if (c.type == EXO_FRAME && pfn - c.base < c.count)
                FAIL("slot %d covers the kernel's page table at frame 0x%x", (uint64_t)s, pfn);
        }
        REFUSED(EXO_ERANGE, pte(window.pt1, 0, mem.handle, LEAF(pfn, RW)));
        REFUSED(EXO_ERANGE, pte(window.pt1, 0, mem.handle, LEAF(pfn, EXO_NX)));
    }
    CHECK(found >= 2);
}

/* No capability of the first table may cover what the kernel keeps: each frame of each capability is tried, on a grid. */
TEST(attack_every_root)
{
    for (uint32_t s = EXO_TABLE_HEAD; s < 200; s++) {
        struct exo_cap_info c = inspect(s);
        if (c.type != EXO_FRAME || !(c.rights & EXO_R_WRITE) || c.parent)
            continue;
        for (uint64_t pfn = c.base; pfn < c.base + c.count && pfn < 0x100000; pfn += 61) {
            long done = pte(window.pt1, 1, c.handle, LEAF(pfn, RW));
            CHECK(done == 1 || done == -EXO_EFRAME); /* plain or device, or an object */
            CHECK(pfn != 0xfee00 && pfn != 0xfec00 && pfn != 0xfed00);
        }
    }
    pte(window.pt1, 1, 0, 0);
}

TEST(attack_interrupt_controllers)
{
    const uint64_t kept[] = {0xfee00, 0xfec00, 0xfeeff, 0xfed00};

    for (unsigned i = 0; i < 4; i++)
        for (uint32_t s = EXO_TABLE_HEAD; s < 200; s++) {
            struct exo_cap_info c = inspect(s);
            if (c.type == EXO_FRAME && kept[i] - c.base < c.count)
                FAIL("slot %d covers frame 0x%x", (uint64_t)s, kept[i]);
        }
}

/* Each kind of kernel object, through each capability that covers its frame: with the write bit and without. */
TEST(attack_object_frames)
{
    uint64_t pfn = frame_take(10);
    const exo_cap_t weak = exo_cap_derive(mem.handle, pfn, 10, EXO_R_READ | EXO_R_WRITE | EXO_R_RETYPE | EXO_R_GRANT, OWN, slot_take());

    for (unsigned kind = EXO_KIND_PT1; kind <= EXO_KIND_PT4; kind++)
        make(kind, pfn + kind - 1);
    make(EXO_KIND_TABLE, pfn + 4);
    exo_cap_t env = make_arg(EXO_CREATE(EXO_KIND_ENV, 3), pfn + 5, 0);
    make_arg(EXO_CREATE(EXO_KIND_VCPU, 1), pfn + 8, env);
    for (unsigned i = 0; i < 9; i++) {
        REFUSED(EXO_EFRAME, pte(window.pt1, 0, mem.handle, LEAF(pfn + i, RW)));
        REFUSED(EXO_EFRAME, pte(window.pt1, 0, mem.handle, LEAF(pfn + i, EXO_NX)));
        REFUSED(EXO_EFRAME, pte(window.pt1, 0, mem.handle, LEAF(pfn + i, 0)));
        REFUSED(EXO_EFRAME, pte(window.pt1, 0, weak, LEAF(pfn + i, RW)));
        REFUSED(EXO_EFRAME, exo_create(OWN, mem.handle, pfn + i, EXO_CREATE(EXO_KIND_PT1, 1), slot_take(), 0));
        REFUSED(EXO_EFRAME, exo_create(OWN, weak, pfn + i, EXO_CREATE(EXO_KIND_VCPU, 1), slot_take(), env));
    }
    REFUSED(EXO_EFRAME, exo_create(OWN, mem.handle, pfn + 7, EXO_CREATE(EXO_KIND_TABLE, 3), slot_take(), 0));
    EQUAL(pte(window.pt1, 0, mem.handle, LEAF(pfn + 9, RW)), 1); /* their neighbour is plain */
}

/* The objects that the kernel made for us at boot, through the root that covers all of them. */
TEST(attack_boot_objects)
{
    const uint64_t pfns[] = {inspect(EXO_BOOT_TABLE).base, inspect(EXO_BOOT_TABLE).base + 63, inspect(EXO_BOOT_ENV).base,
                             inspect(EXO_BOOT_VCPU).base / 64, inspect(EXO_BOOT_ROOT).base / 512,
                             (*self_entry(0x400000, 2) & EXO_PTE_ADDR) >> 12};

    for (unsigned i = 0; i < sizeof pfns / sizeof pfns[0]; i++) {
        REFUSED(EXO_EFRAME, pte(window.pt1, 0, holder(pfns[i]), LEAF(pfns[i], RW)));
        REFUSED(EXO_EFRAME, pte(window.pt1, 0, holder(pfns[i]), LEAF(pfns[i], EXO_NX)));
        REFUSED(EXO_EFRAME, exo_create(OWN, holder(pfns[i]), pfns[i], EXO_CREATE(EXO_KIND_PT1, 1), slot_take(), 0));
    }
}

TEST(attack_info_writable)
{
    uint64_t pfn = inspect(EXO_BOOT_INFO).base;

    for (unsigned i = 0; i <= EXO_INFO_FRAMES; i++) {
        REFUSED(EXO_EPERM, pte(window.pt1, 0, BOOT(INFO), LEAF(pfn + i, RW)));
        REFUSED(EXO_EPERM, pte(window.pt1, 0, BOOT(INFO), LEAF(pfn + i, 0))); /* nor executable */
        EQUAL(pte(window.pt1, 0, BOOT(INFO), LEAF(pfn + i, EXO_NX)), 1);
    }
    FAULTS(VEC_PF, *(volatile char *)WINDOW = 1);
    FAULTS(VEC_PF, *(volatile char *)info = 1);
    REFUSED(EXO_EPERM, exo_cap_derive(BOOT(INFO), pfn, 1, EXO_R_WRITE, OWN, slot_take()));
    REFUSED(EXO_EPERM, exo_create(OWN, BOOT(INFO), pfn, EXO_CREATE(EXO_KIND_PT1, 1), slot_take(), 0));
}

TEST(attack_mmio)
{
    struct range vga = find_cap(EXO_FRAME, 0xb8, EXO_R_WRITE);

    REFUSED(EXO_EPERM, pte(window.pt1, 0, vga.handle, LEAF(0xb8, EXO_W))); /* executable */
    EQUAL(pte(window.pt1, 0, vga.handle, LEAF(0xb8, RW)), 1);
    EQUAL(*self_entry(WINDOW, 1) & (PTE_PWT | PTE_PCD), PTE_PWT | PTE_PCD); /* the kernel chooses the caching */
    EQUAL(pte(window.pt1, 1, mem.handle, LEAF(frame_take(1), RW)), 1);
    EQUAL(*self_entry(WINDOW + PAGE, 1) & (PTE_PWT | PTE_PCD | PTE_G | EXO_PS), 0);
    REFUSED(EXO_EPERM, exo_create(OWN, vga.handle, 0xb8, EXO_CREATE(EXO_KIND_PT1, 1), slot_take(), 0));
    CHECK(pte(window.pt2, 9, vga.handle, LEAF(0x0, EXO_PS | RW)) < 0);
    static struct range high;
    for (uint32_t s = EXO_TABLE_HEAD; s < 200; s++) {
        struct exo_cap_info c = inspect(s);
        if (c.type == EXO_FRAME && !(c.rights & EXO_R_RETYPE) && (c.rights & EXO_R_WRITE) && c.base + c.count > high.base + high.count)
            high = (struct range){c.handle, c.base, c.count};
    }
    uint64_t aligned = (high.base + 511) & -512ul;
    REFUSED(EXO_EFRAME, pte(window.pt2, 9, high.handle, LEAF(aligned, EXO_PS | RW))); /* no large pages of devices */
    EQUAL(pte(window.pt1, 2, high.handle, LEAF(high.base + high.count - 1, RW)), 1);
}

/* Address bits that the CPU may not have, and the ones beyond bit 51. */
TEST(attack_high_address_bits)
{
    uint64_t pfn = frame_take(1);

    for (unsigned bit = 36; bit < 52; bit++)
        REFUSED(EXO_ERANGE, pte(window.pt1, 0, mem.handle, LEAF(pfn, RW) | 1ul << bit));
    for (uint32_t s = EXO_TABLE_HEAD; s < 200; s++) {
        struct exo_cap_info c = inspect(s);
        CHECK(c.type != EXO_FRAME || c.base + c.count <= 1ul << (info->phys_bits - 12));
    }
}

TEST(attack_large_bit)
{
    uint64_t pfn = frame_take(512), pt4_pfn = frame_take(1);
    exo_cap_t pt4 = make(EXO_KIND_PT4, pt4_pfn);

    REFUSED(EXO_EENTRY, pte(window.pt1, 0, mem.handle, LEAF(pfn, RW | EXO_PS)));
    REFUSED(EXO_EENTRY, pte(window.pt3, 5, mem.handle, LEAF(pfn & -(1ul << 18), RW | EXO_PS)));
    REFUSED(EXO_EENTRY, pte(window.pt3, 5, mem.handle, LEAF(pfn, RW | EXO_PS)));
    REFUSED(EXO_EENTRY, pte(pt4, 5, mem.handle, LEAF(pfn, RW | EXO_PS)));
    for (unsigned bit = 12; bit < 21; bit++) /* the frame is not aligned, or bit 12: PAT */
        REFUSED(EXO_EENTRY, pte(window.pt2, 5, mem.handle, LEAF(pfn, RW | EXO_PS) | 1ul << bit));
    EQUAL(pte(window.pt2, 5, mem.handle, LEAF(pfn, RW | EXO_PS)), 1);
    REFUSED(EXO_ERANGE, pte(window.pt2, 6, mem.handle, LEAF((mem.base & -512ul) + (mem.base % 512 ? 0 : -512), RW | EXO_PS)));
    REFUSED(EXO_ERANGE, pte(window.pt2, 6, mem.handle, LEAF((mem.base + mem.count) & -512ul, RW | EXO_PS)));
}

TEST(attack_caching_and_global)
{
    const uint64_t bits[] = {PTE_PWT, PTE_PCD, PTE_G, PTE_PWT | PTE_PCD, PTE_G | PTE_PCD};
    uint64_t pfn = frame_take(512);

    for (unsigned i = 0; i < 5; i++) {
        REFUSED(EXO_EENTRY, pte(window.pt1, 0, mem.handle, LEAF(pfn, RW | bits[i])));
        REFUSED(EXO_EENTRY, pte(window.pt2, 0, window.pt1, LINK(window.pt1_pfn, EXO_W | bits[i])));
        REFUSED(EXO_EENTRY, pte(window.pt2, 5, mem.handle, LEAF(pfn, EXO_PS | RW | bits[i])));
    }
    /* after an entry of the same batch that is right, too: the short way refuses it as well */
    for (unsigned i = 0; i < 5; i++) {
        const struct exo_pte batch[] = {{window.pt1, mem.handle, LEAF(pfn, RW), i, 0}, {window.pt1, mem.handle, LEAF(pfn, RW | bits[i]), 10, 0}};
        EQUAL(exo_pte_update(OWN, batch, 2, 0), 1);
        EQUAL(*self_entry(WINDOW + 10 * PAGE, 1), 0);
    }
}

/* Level-4 slots 255 to 511 are the kernel's and the self-map's: not to be set, changed or cleared. */
TEST(attack_kernel_half)
{
    uint64_t pfn = frame_take(1);
    exo_cap_t pt3 = make(EXO_KIND_PT3, pfn);

    for (uint32_t i = 255; i < 512; i += i == 255 ? 1 : 15) {
        REFUSED(EXO_EENTRY, pte(BOOT(ROOT), i, pt3, LINK(pfn, EXO_W)));
        REFUSED(EXO_EENTRY, pte(BOOT(ROOT), i, 0, 0));
        REFUSED(EXO_EENTRY, pte(BOOT(ROOT), i, 0, EXO_NX));
    }
    REFUSED(EXO_EENTRY, pte(BOOT(ROOT), 511, 0, 0));
    REFUSED(EXO_ERANGE, pte(BOOT(ROOT), 512, 0, 0));
    REFUSED(EXO_ERANGE, pte(BOOT(ROOT), 0xffffffff, 0, 0));
    REFUSED(EXO_ERANGE, pte(window.pt1, 512, mem.handle, LEAF(frame_take(1), RW)));
    REFUSED(EXO_ERANGE, pte(window.pt1, 0x80000000, mem.handle, LEAF(frame_take(1), RW)));
}

/* Dropping a capability to those entries clears nothing either. */
TEST(attack_kernel_half_by_drop)
{
    uint64_t pfn = frame_take(1);
    exo_cap_t pt4 = make(EXO_KIND_PT4, pfn);
    long part = exo_cap_derive(pt4, pfn * 512 + 250, 262, EXO_R_WRITE, OWN, slot_take());

    EQUAL(drop(OWN, part), 0);
    long own = exo_cap_derive(BOOT(ROOT), inspect(EXO_BOOT_ROOT).base + 255, 257, EXO_R_WRITE, OWN, slot_take());
    EQUAL(drop(OWN, own), 0);
    CHECK(*SELF(4, EXO_SELF_MAP) & EXO_P); /* still running on it, and the self-map is there */
}

/* L1TF: an entry that is not present must not name memory. */
TEST(attack_absent_with_address)
{
    uint64_t pfn = frame_take(1);

    for (unsigned bit = 12; bit < 52; bit++)
        REFUSED(EXO_EENTRY, pte(window.pt1, 0, 0, 1ul << bit));
    REFUSED(EXO_EENTRY, pte(window.pt1, 0, mem.handle, pfn << 12));
    REFUSED(EXO_EENTRY, pte(window.pt2, 1, 0, pfn << 12 | EXO_PS));
    EQUAL(pte(window.pt1, 0, 0, EXO_PTE_SOFT), 1); /* notes of the libOS are fine */
    EQUAL(*self_entry(WINDOW, 1), EXO_PTE_SOFT);
    EQUAL(pte(window.pt1, 0, mem.handle, LEAF(pfn, RW)), 1);
    EQUAL(pte(window.pt1, 0, 0, 0), 1);
}

TEST(attack_user_bit)
{
    uint64_t pfn = frame_take(1);

    EQUAL(pte(window.pt1, 0, mem.handle, LEAF(pfn, RW)), 1);
    EQUAL(*self_entry(WINDOW, 1) & EXO_U, EXO_U);
    EQUAL(*self_entry(WINDOW, 2) & EXO_U, EXO_U);
}

/* Writing one's tables through the self-map, at every level. */
TEST(attack_self_map_write)
{
    map_page(0, frame_take(1), RW);
    for (unsigned level = 1; level <= 4; level++) {
        volatile uint64_t *e = self_entry(WINDOW, level);
        uint64_t value = *e;
        CHECK(value & EXO_P);
        FAULTS(VEC_PF, *e = value | EXO_W);
        EQUAL(rt_self()->fault.error, PF_P | PF_W | PF_U);
        EQUAL(*e | EXO_A | EXO_D, value | EXO_A | EXO_D);
        FAULTS(VEC_PF, __asm__ volatile("lock orq $2, %0" : "+m"(*e)));
    }
    FAULTS(VEC_PF, ((void (*)(void))EXO_SELF_MAP)()); /* nor run */
}

/* The self-map shows the kernel's half of the root table, but nothing behind it. */
TEST(attack_kernel_addresses)
{
    const uint64_t at[] = {0xffff800000000000, 0xffff800000100000, 0xffffffff80000000, 0xffffffff80100000, 0xffffffffc0000000,
                           0xffffffffffffe000, (uint64_t)self_entry(0xffff800000000000, 3), (uint64_t)self_entry(0xffffffff80100000, 1)};

    for (unsigned i = 0; i < sizeof at / sizeof at[0]; i++) {
        FAULTS(VEC_PF, (void)*(volatile uint64_t *)at[i]);
        FAULTS(VEC_PF, *(volatile uint64_t *)at[i] = 1);
    }
    FAULTS(VEC_PF, ((void (*)(void))0xffffffff80100000)());
    FAULTS(VEC_GP, (void)*(volatile uint64_t *)0x0000800000000000);
}
