/* SPDX-License-Identifier: MIT */
/* Page tables: the own ones through the self-map, the window for tests, the information pages. */
#include "rt.h"
#include "rt_internal.h"

struct window window;

volatile uint64_t *self_entry(uint64_t address, unsigned level)
{
    for (; level; level--)
        address = EXO_SELF_MAP + (address >> 9 & 0x7ffffffff8ul);
    return (volatile uint64_t *)address;
}

uint64_t pfn_at(const volatile void *address)
{
    return (*self_entry((uint64_t)address, 1) & EXO_PTE_ADDR) >> 12;
}

exo_cap_t table_of(uint64_t pfn)
{
    return find_cap(EXO_PTE, pfn * 512, EXO_R_WRITE).handle;
}

long pte(exo_cap_t table, uint32_t index, exo_cap_t object, uint64_t value)
{
    const struct exo_pte entry = {table, object, value, index, EXO_PTE_SET};

    return exo_pte_update(OWN, &entry, 1, EXO_PTE_SYNC);
}

exo_cap_t make_arg(uint64_t kind, uint64_t pfn, exo_cap_t arg)
{
    long h = exo_create(OWN, mem.handle, pfn, kind, slot_take(), arg);

    if (h < 0)
        FAIL("create of kind %d: %d", kind & 255, h);
    return h;
}

exo_cap_t make(unsigned kind, uint64_t pfn)
{
    return make_arg(EXO_CREATE(kind, 1), pfn, 0);
}

void window_make(void)
{
    window = (struct window){.pt3_pfn = frame_take(1), .pt2_pfn = frame_take(1), .pt1_pfn = frame_take(1)};
    window.pt3 = make(EXO_KIND_PT3, window.pt3_pfn);
    window.pt2 = make(EXO_KIND_PT2, window.pt2_pfn);
    window.pt1 = make(EXO_KIND_PT1, window.pt1_pfn);
    EQUAL(pte(BOOT(ROOT), WINDOW >> 39, window.pt3, LINK(window.pt3_pfn, EXO_W)), 1);
    EQUAL(pte(window.pt3, 0, window.pt2, LINK(window.pt2_pfn, EXO_W)), 1);
    EQUAL(pte(window.pt2, 0, window.pt1, LINK(window.pt1_pfn, EXO_W)), 1);
}

void *map_page(uint32_t index, uint64_t pfn, uint64_t flags)
{
    EQUAL(pte(window.pt1, index, mem.handle, LEAF(pfn, flags)), 1);
    return (void *)(WINDOW + index * PAGE);
}

/* ---- the hash ------------------------------------------------------------------------- */

static uint64_t hash_table(uint64_t address, unsigned level, uint64_t hash)
{
    const volatile uint64_t *entries = (const volatile uint64_t *)((uint64_t)self_entry(address, level) & -PAGE);
    unsigned end = level == 4 ? EXO_SELF_SLOT : 512;

    for (unsigned i = 0; i < end; i++) {
        uint64_t e = entries[i];
        if (!e)
            continue;
        hash = (hash ^ (e & ~(EXO_A | EXO_D)) ^ (uint64_t)i << 20) * 0x100000001b3ul;
        if (level > 1 && (e & EXO_P) && !(e & EXO_PS))
            hash = hash_table(address | (uint64_t)i << (3 + 9 * level), level - 1, hash);
    }
    return hash;
}

uint64_t tables_hash(void)
{
    return hash_table(0, 4, 0xcbf29ce484222325ul);
}

/* ---- at the start ------------------------------------------------------------------------ */

extern char end[];

/* Behind the image, in the table that maps its end: there are no free frames of a known place yet. */
void info_map(void)
{
    uint64_t at = ((uint64_t)end + PAGE - 1) & -PAGE;
    struct range frames = find_cap(EXO_FRAME, inspect(EXO_BOOT_INFO).base, EXO_R_READ);
    exo_cap_t table = table_of((*self_entry((uint64_t)end - 1, 2) & EXO_PTE_ADDR) >> 12);

    for (uint64_t i = 0; i <= EXO_INFO_FRAMES; i++)
        if (pte(table, (at >> 12 & 511) + i, frames.handle, LEAF(frames.base + i, EXO_NX)) != 1)
            FAIL("cannot map the information pages");
    info = (const struct exo_info *)at;
    cpu_info = (const struct exo_cpu_info *)(at + EXO_INFO_FRAMES * PAGE);
    image = find_cap(EXO_FRAME, info->first.base / PAGE, EXO_R_RETYPE);
    image.base = info->first.base / PAGE;
    image.count = info->first.size / PAGE;
}

uint64_t info_free_from(const struct range *r)
{
    uint64_t first = info->first.base / PAGE, behind = first + info->first.size / PAGE;

    return first >= r->base && first < r->base + r->count ? behind : r->base;
}
