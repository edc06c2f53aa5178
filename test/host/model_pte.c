/* SPDX-License-Identifier: MIT */
/* One entry of pte_update, by the rules of include/exo/abi/types.h and the text of the call. */
#include "model.h"

#define E(error) (1u << EXO_E##error)

uint32_t model_entry(uint32_t table, const struct exo_pte *e);

static uint32_t find(uint32_t table, exo_cap_t handle, struct mcap **out) {
    const struct mtable *t = model_table(table);
    uint32_t slot = EXO_HANDLE_SLOT(handle);

    *out = NULL;
    if (slot < EXO_TABLE_HEAD || slot >= t->slots)
        return E(BADCAP);
    if (EXO_HANDLE_GEN(handle) != t->generation[slot])
        return E(STALE);
    *out = model_at(table, slot);
    return *out ? 0 : E(BADCAP);
}

static uint32_t find_table(uint32_t table, exo_cap_t handle, struct mcap **out) {
    uint32_t errors = find(table, handle, out);

    if (!errors)
        errors = (*out)->type != EXO_PTE ? E(TYPE) : (*out)->rights & EXO_R_WRITE ? 0 : E(PERM);
    if (errors)
        *out = NULL;
    return errors;
}

static uint32_t check_bits(unsigned level, const struct exo_pte *e) {
    uint64_t v = e->value;

    if (level == 4 && e->index >= EXO_SELF_SLOT)
        return E(ENTRY);
    if (!(v & EXO_P))
        return v & EXO_PTE_ADDR ? E(ENTRY) : 0;
    if (v & (PTE_PWT | PTE_PCD | PTE_G))
        return E(ENTRY);
    return (v & EXO_PS) && (level != 2 || (v & 0x1ff000)) ? E(ENTRY) : 0;
}

static uint32_t check_page(const struct mcap *object, uint64_t value, uint64_t pfn, bool large) {
    unsigned rights = EXO_R_READ | (value & EXO_W ? EXO_R_WRITE : 0) | (value & EXO_NX ? 0 : EXO_R_EXEC);
    uint32_t errors = 0;

    if (object->type != EXO_FRAME)
        return E(TYPE);
    if (rights & ~object->rights)
        errors |= E(PERM);
    if (pfn < object->base || pfn + (large ? 512 : 1) > object->base + object->count)
        errors |= E(RANGE);
    for (uint64_t i = pfn; i < pfn + (large ? 512 : 1); i++) {
        uint8_t type = i < frame_count ? model.type[i] : FT_MMIO;
        bool device = type == FT_MMIO && !large && (value & EXO_NX), info = type == FT_INFO && !large && !(value & EXO_W);
        if (type != FT_USER && !device && !info)
            errors |= E(FRAME);
    }
    return errors;
}

static uint32_t check_link(const struct mpt *pt, const struct mcap *object, uint64_t value, uint64_t old, uint64_t pfn) {
    bool writable;

    if (object->type != EXO_PTE)
        return E(TYPE);
    if (!(object->rights & EXO_R_WRITE))
        return E(PERM);
    if (object->base != pfn * 512 || object->count != 512)
        return E(RANGE);
    const struct mpt *lower = model_pt(pfn);
    if (lower->level != pt->level - 1 || lower->table != pt->table)
        return E(FRAME);
    unsigned links = model_links(pfn, &writable);
    bool same = (old & EXO_P) && (old & EXO_PTE_ADDR) >> 12 == pfn && !(pt->level == 2 && (old & EXO_PS));
    if (links - same == 0)
        return 0; /* the only one */
    return (value & EXO_W) || (writable && !(same && (old & EXO_W))) ? E(BUSY) : 0;
}

static uint32_t clone(uint32_t table, struct mpt *to, const struct mcap *cap, const struct exo_pte *e) {
    struct mcap *source;
    uint32_t errors = find_table(table, e->object, &source);

    if (!source)
        return errors;
    struct mpt *from = model_pt(source->base / 512);
    errors |= source->count != 512 || cap->count != 512 ? E(RANGE) : 0;
    errors |= from == to || from->level != to->level || to->level == 4 || from->table != table || to->table != table ? E(FRAME) : 0;
    errors |= e->index || (e->value & ~1ul) ? E(INVAL) : 0;
    for (int i = 0; i < 512; i++) {
        bool link = (from->entry[i] & EXO_P) && from->level > 1 && !(from->entry[i] & EXO_PS);
        errors |= to->entry[i] || (link && (from->entry[i] & EXO_W) && !e->value) ? E(BUSY) : 0;
    }
    for (int i = 0; !errors && i < 512; i++) {
        if (!(from->entry[i] & EXO_P))
            continue;
        from->entry[i] &= e->value ? ~EXO_W : ~0ul;
        to->entry[i] = from->entry[i] & ~EXO_W;
    }
    return errors;
}

/* Applies it, or says what is wrong. */
uint32_t model_entry(uint32_t table, const struct exo_pte *e) {
    struct mcap *cap, *object;
    uint32_t errors = find_table(table, e->table, &cap);
    uint64_t pfn = (e->value & EXO_PTE_ADDR) >> 12, value = e->value;

    if (errors)
        return errors;
    struct mpt *pt = model_pt(cap->base / 512);
    if (e->index < cap->base % 512 || e->index >= cap->base % 512 + cap->count)
        return E(RANGE);
    if (e->op != EXO_PTE_SET)
        return e->op == EXO_PTE_CLONE ? clone(table, pt, cap, e) : E(INVAL);
    errors = check_bits(pt->level, e);
    if (value & EXO_P) {
        bool leaf = pt->level == 1 || (value & EXO_PS), large = leaf && pt->level == 2;
        errors |= pt->table != table ? E(FRAME) : 0;
        errors |= find(table, e->object, &object);
        if (object)
            errors |= leaf ? check_page(object, value, pfn, large) : check_link(pt, object, value, pt->entry[e->index], pfn);
        value |= EXO_U | (leaf && (pfn >= frame_count || model.type[pfn] == FT_MMIO) ? PTE_PWT | PTE_PCD : 0);
    }
    if (!errors)
        pt->entry[e->index] = value;
    return errors;
}
