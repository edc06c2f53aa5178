/* SPDX-License-Identifier: MIT */
#include "audit.h"

#include <stdlib.h>
#include <string.h>

/* ---- types and counters ------------------------------------------------------------------ */

static unsigned level_of_frame(uint32_t pfn) {
    uint8_t type = frame_types[pfn];
    return type >= FT_PT1 && type <= FT_PT4 ? type - FT_PT1 + 1 : 0;
}

static void expect_type(uint8_t *claimed, uint64_t pfn, uint64_t n, enum frame_type type) {
    for (uint64_t i = pfn; i < pfn + n; i++) {
        if (frame_types[i] != type)
            FAIL("frame 0x%lx is of type %u, its capability says %u", i, frame_types[i], type);
        if (claimed[i]++)
            FAIL("frame 0x%lx belongs to two objects", i);
    }
}

static void claim_object(uint8_t *claimed, const struct cap *c) {
    uint32_t pfn = c->type == EXO_PTE ? c->base / 512 : c->type == EXO_VCPU ? c->base / 64 : c->base;
    unsigned level = level_of_frame(pfn);

    if (c->type == EXO_TABLE)
        expect_type(claimed, pfn, ((struct table *)frame_at(pfn))->frames, FT_TABLE);
    else if (c->type == EXO_ENV)
        expect_type(claimed, pfn, ((struct env *)frame_at(pfn))->frames, FT_ENV);
    else if (c->type == EXO_VCPU)
        expect_type(claimed, pfn, 1, FT_VCPU);
    else
        expect_type(claimed, pfn, 1, FT_PT1 + level - 1);
    if (c->type == EXO_PTE && (!level || frames[pfn].owner != c->table || c->count != 512))
        FAIL("page table 0x%x of level %u is owned by table 0x%x, its capability is in 0x%x", pfn, level, frames[pfn].owner, c->table);
}

void audit_frames(const struct audit *a) {
    uint8_t *claimed = calloc(1, frame_count);

    expect_type(claimed, AT_TABLE, TABLE_FRAMES, FT_TABLE);
    expect_type(claimed, AT_ENV, 3, FT_ENV);
    expect_type(claimed, AT_VCPU, 1, FT_VCPU);
    expect_type(claimed, AT_ROOT, 1, FT_PT4);
    for (uint32_t i = 0; i < a->tables; i++)
        for (const struct cap *c = table_slot(a->table[i], EXO_TABLE_HEAD); c < table_slot(a->table[i], a->table[i]->slots); c++)
            if (c->type && (c->flags & CAP_OBJECT))
                claim_object(claimed, c);
    for (uint32_t chunk = 0; chunk < frame_count / 512; chunk++) {
        uint32_t special = 0;
        for (uint32_t pfn = chunk * 512; pfn < chunk * 512 + 512; pfn++) {
            special += frame_types[pfn] != FT_USER;
            if (frame_types[pfn] >= FT_PT1 && !claimed[pfn])
                FAIL("frame 0x%x of type %u belongs to no object", pfn, frame_types[pfn]);
        }
        if (chunks[chunk].special != special)
            FAIL("chunk %u counts %u special frames of %u", chunk, chunks[chunk].special, special);
    }
    free(claimed);
}

/* ---- page tables ------------------------------------------------------------------------------ */

/* What a walk over all page tables counts, to be compared with the frame table. */
struct count {
    uint32_t *refs, *large;
    uint8_t *wlink;
};

/* For one table: bit k of reach[pfn]: a FRAME capability with exactly the R, W and X of k covers the frame. */
static void find_reach(struct table *t, uint8_t *reach, uint32_t n) {
    memset(reach, 0, n);
    for (const struct cap *c = table_slot(t, EXO_TABLE_HEAD); c < table_slot(t, t->slots); c++)
        for (uint64_t pfn = c->base; c->type == EXO_FRAME && pfn < c->base + c->count; pfn++)
            reach[pfn] |= 1u << (c->rights & 7);
}

static bool one_cap_covers(struct table *t, uint64_t pfn, uint64_t n, unsigned rights) {
    for (const struct cap *c = table_slot(t, EXO_TABLE_HEAD); c < table_slot(t, t->slots); c++)
        if (c->type == EXO_FRAME && !(rights & ~c->rights) && cap_covers(c, pfn, n))
            return true;
    return false;
}

static bool reachable(uint8_t reach, unsigned rights) {
    for (unsigned k = 0; k < 8; k++)
        if ((reach >> k & 1) && !(rights & ~k))
            return true;
    return false;
}

static void check_page(struct table *t, const uint8_t *reach, uint64_t e, bool large, struct count *n) {
    uint64_t pfn = (e & EXO_PTE_ADDR) >> 12;
    unsigned rights = EXO_R_READ | (e & EXO_W ? EXO_R_WRITE : 0) | (e & EXO_NX ? 0 : EXO_R_EXEC);
    enum frame_type type = frame_type(pfn);
    uint64_t caching = type == FT_MMIO ? PTE_PWT | PTE_PCD : 0;

    if (large ? !one_cap_covers(t, pfn, 512, rights) : pfn >= frame_count + HIGH_DEVICE_FRAMES || !reachable(reach[pfn], rights))
        FAIL("table 0x%x maps frame 0x%lx with rights 0x%x and has no capability for it", t->pfn, pfn, rights);
    if ((e & (PTE_PWT | PTE_PCD | PTE_G)) != caching)
        FAIL("a page of type %u is mapped with entry 0x%lx", type, e);
    if (large ? pfn % 512 || pfn + 512 > frame_count || chunks[pfn / 512].special
              : type != FT_USER && type != FT_MMIO && (type != FT_INFO || (e & EXO_W)))
        FAIL("entry 0x%lx maps a frame of type %u%s", e, type, large ? ", large" : "");
    if (type == FT_MMIO && !(e & EXO_NX))
        FAIL("device memory is executable");
    if (large)
        n->large[pfn / 512]++;
    else if (pfn < frame_count)
        n->refs[pfn]++;
}

static void check_link(struct table *t, unsigned level, uint64_t e, struct count *n) {
    uint64_t pfn = (e & EXO_PTE_ADDR) >> 12;

    if (pfn >= frame_count || level_of_frame(pfn) != level - 1 || frames[pfn].owner != t->pfn)
        FAIL("an entry of level %u links to frame 0x%lx of type %u", level, pfn, frame_type(pfn));
    if (e & (PTE_PWT | PTE_PCD | PTE_G | PTE_PS))
        FAIL("a link has forbidden bits: 0x%lx", e);
    n->refs[pfn]++;
    n->wlink[pfn] |= !!(e & EXO_W);
}

static void check_table(struct table *t, const uint8_t *reach, uint32_t pt, struct count *n) {
    const uint64_t *entry = frame_at(pt);
    unsigned level = level_of_frame(pt);

    for (int i = 0; i < (level == 4 ? EXO_SELF_SLOT : 512); i++) {
        bool leaf = level == 1 || (entry[i] & EXO_PS);
        if (!(entry[i] & EXO_P) && (entry[i] & EXO_PTE_ADDR))
            FAIL("entry 0x%lx is not present but has an address", entry[i]);
        if (!(entry[i] & EXO_P))
            continue;
        if (!(entry[i] & EXO_U))
            FAIL("entry 0x%lx is not user's", entry[i]);
        if (leaf)
            check_page(t, reach, entry[i], level == 2, n);
        else
            check_link(t, level, entry[i], n);
    }
    if (level == 4 && (entry[EXO_SELF_SLOT] != ((uint64_t)pt << 12 | PTE_P | PTE_U | PTE_NX) || memcmp(entry + 256, kernel_pml4 + 256, 2048)))
        FAIL("root 0x%x has lost the kernel's half or its self-map", pt);
}

static uint32_t check_tables_of(struct table *t, struct count *n) {
    static uint8_t reach[1 << 16];
    uint32_t found = 0;

    find_reach(t, reach, frame_count + HIGH_DEVICE_FRAMES);
    for (uint32_t pt = t->page_tables, prev = 0; pt; prev = pt, pt = frames[pt].next, found++) {
        if (!level_of_frame(pt) || frames[pt].owner != t->pfn || frames[pt].prev != prev)
            FAIL("the list of page tables of table 0x%x is broken at 0x%x", t->pfn, pt);
        check_table(t, reach, pt, n);
    }
    for (uint32_t e = t->envs; e; e = ((struct env *)frame_at(e))->next)
        if (env_root(frame_at(e)))
            n->refs[env_root(frame_at(e))]++;
    return found;
}

static void compare(const struct count *n, uint32_t listed) {
    for (uint32_t pfn = 0; pfn < frame_count; pfn++) {
        unsigned level = level_of_frame(pfn);
        listed -= level != 0;
        if (frames[pfn].refs != n->refs[pfn])
            FAIL("frame 0x%x of type %u counts %u references of %u", pfn, frame_types[pfn], frames[pfn].refs, n->refs[pfn]);
        if (n->large[pfn / 512] != chunks[pfn / 512].large)
            FAIL("chunk %u counts %u large mappings of %u", pfn / 512, chunks[pfn / 512].large, n->large[pfn / 512]);
        if (level && frames[pfn].wlink != n->wlink[pfn])
            FAIL("page table 0x%x: wlink is %u", pfn, frames[pfn].wlink);
        if (n->wlink[pfn] && n->refs[pfn] != 1)
            FAIL("page table 0x%x has a writable link and %u in all", pfn, n->refs[pfn]);
    }
    if (listed)
        FAIL("a page table is in no list");
}

void audit_page_tables(const struct audit *a) {
    struct count n = {calloc(frame_count, 4), calloc(frame_count / 512, 4), calloc(frame_count, 1)};
    uint32_t listed = 0;

    for (uint32_t i = 0; i < a->tables; i++)
        listed += check_tables_of(a->table[i], &n);
    compare(&n, listed);
    free(n.refs);
    free(n.large);
    free(n.wlink);
}
