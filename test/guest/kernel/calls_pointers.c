/* SPDX-License-Identifier: MIT */
/* Every pointer argument of every call with addresses that are not, or not wholly, the caller's memory. */
#include "rt.h"

/* mem frames in the window: [0] read-write, [1] hole, [2] read-only, [3] hole */
static char *area;

static void make_area(void)
{
    area = map_page(0, frame_take(1), EXO_W | EXO_NX);
    map_page(2, frame_take(1), EXO_NX);
}

#define HALF_OUT(type) ((uint64_t)area + PAGE - sizeof(type) / 2)

static const uint64_t never[] = {
    0, 8, 4095, WINDOW + PAGE, WINDOW + 3 * PAGE - 8,
    EXO_USER_END - 8, EXO_USER_END, EXO_USER_END + 0x1000, EXO_SELF_MAP + (WINDOW >> 9),
    0x00007fffffffffff, 0x0000800000000000, 0x7fffffffffffffff, 0x8000000000000000, 0xdeadbeefdeadbeef,
    0xffff7fffffffffff, 0xffff800000000000, 0xffff800000100000, 0xffffffff80000000, 0xffffffff80100000, 0xffffffffc0000000,
    0xfffffffffffff000, 0xfffffffffffffff8, 0xffffffffffffffff,
};
#define NEVER (sizeof never / sizeof never[0])

TEST(pointers_inspect)
{
    make_area();
    for (unsigned i = 0; i < NEVER; i++)
        REFUSED(EXO_EFAULT, exo_cap_inspect(OWN, EXO_BOOT_ENV, (void *)never[i]));
    REFUSED(EXO_EFAULT, exo_cap_inspect(OWN, EXO_BOOT_ENV, (void *)(area + 2 * PAGE))); /* read-only */
    REFUSED(EXO_EFAULT, exo_cap_inspect(OWN, EXO_BOOT_ENV, (void *)HALF_OUT(struct exo_cap_info)));
    REFUSED(EXO_EFAULT, exo_cap_inspect(OWN, EXO_BOOT_ENV, (void *)info));
    CHECK(info->magic == EXO_INFO_MAGIC);
    for (unsigned shift = 0; shift < 8; shift++) { /* alignment does not matter */
        struct exo_cap_info *out = (void *)(area + 64 + shift), c;
        EQUAL(exo_cap_inspect(OWN, EXO_BOOT_ENV, out), 0);
        memcpy(&c, out, sizeof c);
        EQUAL(c.type, EXO_ENV);
    }
    REFUSED(EXO_ERANGE, exo_cap_inspect(OWN, 0, (void *)area));
    REFUSED(EXO_ERANGE, exo_cap_inspect(OWN, 3, (void *)area));
    REFUSED(EXO_ERANGE, exo_cap_inspect(OWN, 4096, (void *)area));
    REFUSED(EXO_ERANGE, exo_cap_inspect(OWN, 1ul << 32 | 5, (void *)area));
    REFUSED(EXO_ERANGE, exo_cap_inspect(OWN, ~0ul, (void *)area));
}

TEST(pointers_pte_update)
{
    make_area();
    for (unsigned i = 0; i < NEVER; i++)
        REFUSED(EXO_EFAULT, exo_pte_update(OWN, (void *)never[i], 1, 0));
    REFUSED(EXO_EFAULT, exo_pte_update(OWN, (void *)HALF_OUT(struct exo_pte), 1, 0));
    REFUSED(EXO_EFAULT, exo_pte_update(OWN, (void *)(EXO_USER_END - 32 * sizeof(struct exo_pte)), 512, 0));
    REFUSED(EXO_EINVAL, exo_pte_update(OWN, (void *)area, EXO_PTE_BATCH_MAX + 1, 0));
    REFUSED(EXO_EINVAL, exo_pte_update(OWN, (void *)area, 1ul << 32, 0));
    REFUSED(EXO_EINVAL, exo_pte_update(OWN, (void *)area, ~0ul, 0));
    REFUSED(EXO_EINVAL, exo_pte_update(OWN, (void *)area, 1ul << 59, 0)); /* times 32 is 0 */
    REFUSED(EXO_EINVAL, exo_pte_update(OWN, (void *)area, 1, 2));
    REFUSED(EXO_EINVAL, exo_pte_update(OWN, (void *)area, 1, 1ul << 63));
    snap_take();
    EQUAL(exo_pte_update(OWN, (void *)0xffff800000000000, 0, 0), 0); /* an empty batch is never read */
    snap_compare("empty batch");
}

/* A batch that runs into a hole is done as far as it was read, and says how far. */
TEST(pointers_batch_into_hole)
{
    make_area();
    uint64_t pfn = frame_take(1);
    unsigned fit = PAGE / sizeof(struct exo_pte);
    struct exo_pte *batch = (struct exo_pte *)area;

    for (unsigned i = 0; i < fit; i++)
        batch[i] = (struct exo_pte){window.pt1, mem.handle, LEAF(pfn, EXO_NX), 256 + i, EXO_PTE_SET};
    long done = exo_pte_update(OWN, batch, fit + 20, 0);
    CHECK(done > 0 && done <= fit);
    for (long i = 0; i < 256; i++)
        EQUAL(*self_entry(WINDOW + (256 + i) * PAGE, 1) & EXO_P, i < done);
    EQUAL(*self_entry(WINDOW + 0 * PAGE, 1) & EXO_P, 1);
}

TEST(pointers_vcpu)
{
    make_area();
    exo_cap_t env = make_arg(EXO_CREATE(EXO_KIND_ENV, 1), frame_take(1), 0);
    exo_cap_t vcpu = make_arg(EXO_CREATE(EXO_KIND_VCPU, 1), frame_take(1), env);

    for (unsigned i = 0; i < NEVER; i++) {
        REFUSED(EXO_EFAULT, exo_vcpu_config(vcpu, (void *)never[i]));
        REFUSED(EXO_EFAULT, exo_vcpu_control(vcpu, EXO_VCPU_GET, (void *)never[i]));
        REFUSED(EXO_EFAULT, exo_vcpu_control(vcpu, EXO_VCPU_SET, (void *)never[i]));
    }
    REFUSED(EXO_EFAULT, exo_vcpu_config(vcpu, (void *)HALF_OUT(struct exo_vcpu_config)));
    REFUSED(EXO_EFAULT, exo_vcpu_control(vcpu, EXO_VCPU_GET, (void *)HALF_OUT(struct exo_vcpu_state)));
    REFUSED(EXO_EFAULT, exo_vcpu_control(vcpu, EXO_VCPU_GET, (void *)(area + 2 * PAGE)));
    REFUSED(EXO_EFAULT, exo_vcpu_control(vcpu, EXO_VCPU_SET, (void *)HALF_OUT(struct exo_vcpu_state)));
    struct exo_vcpu_state *odd = (void *)(area + 3), s;
    EQUAL(exo_vcpu_control(vcpu, EXO_VCPU_GET, odd), 0);
    memcpy(&s, odd, sizeof s);
    EQUAL(s.status, EXO_VCPU_IS_STOPPED);
    EQUAL(s.regs.rip, 0); /* a failed SET left nothing behind */
}

/* Readable memory on both sides of the end of user addresses: what begins below it and ends in the self-map is refused. */
TEST(pointers_across_user_end)
{
    uint64_t pfn[4], low_pfn = frame_take(1);
    exo_cap_t pt[4], low = make(EXO_KIND_PT1, low_pfn);
    exo_cap_t image_pt2 = table_of((*self_entry(0x400000, 3) & EXO_PTE_ADDR) >> 12);
    exo_cap_t env = make_arg(EXO_CREATE(EXO_KIND_ENV, 1), frame_take(1), 0);
    exo_cap_t vcpu = make_arg(EXO_CREATE(EXO_KIND_VCPU, 1), frame_take(1), env);

    EQUAL(pte(image_pt2, 0, low, LINK(low_pfn, EXO_W)), 1); /* its entries are the first page of the self-map */
    for (unsigned level = 1; level <= 3; level++)
        pt[level] = make(EXO_KIND_PT1 + level - 1, pfn[level] = frame_take(1));
    EQUAL(pte(BOOT(ROOT), 254, pt[3], LINK(pfn[3], EXO_W)), 1);
    EQUAL(pte(pt[3], 511, pt[2], LINK(pfn[2], EXO_W)), 1);
    EQUAL(pte(pt[2], 511, pt[1], LINK(pfn[1], EXO_W)), 1);
    EQUAL(pte(pt[1], 511, mem.handle, LEAF(frame_take(1), EXO_W | EXO_NX)), 1);
    EQUAL(FAULT_OF((void)*(volatile uint64_t *)EXO_SELF_MAP), NO_FAULT);
    EQUAL(FAULT_OF(*(volatile uint64_t *)(EXO_USER_END - 8) = 0), NO_FAULT);
    for (uint64_t back = 1; back < sizeof(struct exo_pte); back++) {
        EQUAL(exo_pte_update(OWN, (void *)(EXO_USER_END - back), 1, 0), -EXO_EFAULT);
        EQUAL(exo_vcpu_config(vcpu, (void *)(EXO_USER_END - back)), -EXO_EFAULT);
        EQUAL(exo_vcpu_control(vcpu, EXO_VCPU_SET, (void *)(EXO_USER_END - back)), -EXO_EFAULT);
    }
    EQUAL(exo_pte_update(OWN, (void *)(EXO_USER_END - sizeof(struct exo_pte)), 1, 0), -EXO_EBADCAP); /* read, and empty */
}
