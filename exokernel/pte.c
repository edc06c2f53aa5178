/* SPDX-License-Identifier: MIT */
/* The rules for one page-table entry (SDM vol. 3, 4.5). Each check that can fail comes before the first write. */
#include "pte.h"

#include "lib.h"

#define FORBIDDEN (PTE_PWT | PTE_PCD | PTE_G)
#define LARGE_LOW_BITS 0x1ff000ul /* address bits that a 2 MiB entry must not have; bit 12 is PAT there */

struct decoded {
    uint64_t pfn, frames; /* what it leads to; frames = 0: not present */
    bool link;
};

static unsigned level_of(uint32_t pfn) {
    return frames[pfn].type - FT_PT1 + 1;
}

static struct decoded decode(unsigned level, uint64_t value) {
    bool leaf = level == 1 || (value & PTE_PS);

    if (!(value & PTE_P))
        return (struct decoded){0};
    return (struct decoded){(value & PTE_ADDRESS) >> 12, level == 2 && leaf ? 512 : 1, !leaf};
}

/* Counts what an entry leads to, up or down. */
static void count(const struct decoded *d, uint64_t value, int by) {
    if (!d->frames || d->pfn >= frame_count)
        return;
    if (d->frames == 512) {
        chunks[d->pfn / 512].large += by;
        return;
    }
    frames[d->pfn].refs += by;
    if (d->link && (value & PTE_W))
        frames[d->pfn].wlink = by > 0;
}

static bool loses_rights(uint64_t old, uint64_t new) {
    const uint64_t less = PTE_P | PTE_W | PTE_A | PTE_D, other = PTE_ADDRESS | PTE_PS | EXO_PTE_KEY;

    return (old & PTE_P) && ((old & ~new & less) || (~old & new & PTE_NX) || ((old ^ new) & other));
}

/* Writes a validated entry. */
static void commit(struct pte_batch *batch, uint32_t pt, uint32_t index, uint64_t value) {
    uint64_t *at = (uint64_t *)frame_at(pt) + index;
    unsigned level = level_of(pt);
    uint64_t old = __atomic_exchange_n(at, value, __ATOMIC_RELAXED);
    struct decoded was = decode(level, old), is = decode(level, value);

    count(&was, old, -1);
    count(&is, value, +1);
    batch->flush |= loses_rights(old, value);
}

void pte_write(uint32_t pt, uint32_t index, uint64_t value) {
    struct pte_batch batch = {0};
    commit(&batch, pt, index, value);
}

/* Bits and index alone: 0 or the error. */
static int check_form(unsigned level, uint32_t index, uint64_t value) {
    if (index > 511 || (level == 4 && index >= EXO_SELF_SLOT))
        return -EXO_EENTRY;
    if (!(value & PTE_P))
        return value & PTE_ADDRESS ? -EXO_EENTRY : 0;
    if ((value & FORBIDDEN) || ((value & PTE_PS) && (level != 2 || (value & LARGE_LOW_BITS))))
        return -EXO_EENTRY;
    return 0;
}

static int resolve(struct table *t, exo_cap_t handle, exo_cap_t *last, struct cap **cap) {
    if (handle == *last && *cap)
        return 0;
    int error = cap_any(t, handle, cap);
    if (error)
        *cap = NULL;
    else
        *last = handle;
    return error;
}

static int check_rights(const struct cap *c, uint8_t type, uint16_t rights) {
    return c->type != type ? -EXO_ETYPE : rights & ~c->rights ? -EXO_EPERM : 0;
}

/* A present leaf: the frames lie in the capability, which has the rights, and are of a type that may be mapped so. */
static int check_leaf(const struct cap *object, uint64_t *value, const struct decoded *d) {
    uint16_t rights = EXO_R_READ | (*value & PTE_W ? EXO_R_WRITE : 0) | (*value & PTE_NX ? 0 : EXO_R_EXEC);
    int error = check_rights(object, EXO_FRAME, rights);

    if (error)
        return error;
    if (!cap_covers(object, d->pfn, d->frames))
        return -EXO_ERANGE;
    if (d->frames == 512) /* plain memory throughout */
        return d->pfn >= frame_count || chunks[d->pfn / 512].special ? -EXO_EFRAME : 0;
    switch (frame_type(d->pfn)) {
    case FT_USER:
        return 0;
    case FT_INFO:
        return *value & PTE_W ? -EXO_EFRAME : 0;
    case FT_MMIO:
        *value |= PTE_PWT | PTE_PCD;
        return *value & PTE_NX ? 0 : -EXO_EFRAME;
    default:
        return -EXO_EFRAME;
    }
}

/* A link: to a whole table, one level lower, of the same capability table; writable only as its only one. */
static int check_link(const struct cap *object, uint64_t value, uint64_t old, unsigned level, uint32_t owner, uint64_t pfn) {
    int error = check_rights(object, EXO_PTE, EXO_R_WRITE);

    if (error)
        return error;
    if (object->base != pfn * 512 || object->count != 512)
        return -EXO_ERANGE;
    if (level_of(pfn) != level - 1 || frames[pfn].owner != owner)
        return -EXO_EFRAME;
    bool same = (old & PTE_P) && (old & PTE_ADDRESS) >> 12 == pfn;
    uint32_t others = frames[pfn].refs - same;
    bool other_writes = frames[pfn].wlink && !(same && (old & PTE_W));
    return others && (other_writes || (value & PTE_W)) ? -EXO_EBUSY : 0;
}

static int set(struct pte_batch *batch, const struct exo_pte *e, uint32_t pt) {
    unsigned level = level_of(pt);
    uint64_t value = e->value;
    int error = check_form(level, e->index, value);

    if (error)
        return error;
    if (!(value & PTE_P)) {
        commit(batch, pt, e->index, value);
        return 0;
    }
    if (frames[pt].owner != batch->table->pfn)
        return -EXO_EFRAME;
    error = resolve(batch->table, e->object, &batch->object_handle, &batch->object);
    if (error)
        return error;
    struct decoded d = decode(level, value);
    uint64_t old = ((uint64_t *)frame_at(pt))[e->index];
    error = d.link ? check_link(batch->object, value, old, level, batch->table->pfn, d.pfn) : check_leaf(batch->object, &value, &d);
    if (error)
        return error;
    commit(batch, pt, e->index, value | PTE_U);
    return 0;
}

/* Whether every entry of `from` may be copied, and `to` is empty. */
static int check_clone(const uint64_t *to, const uint64_t *from, unsigned level, bool protect) {
    for (uint32_t i = 0; i < 512; i++) {
        struct decoded d = decode(level, from[i]);
        if (to[i])
            return -EXO_EBUSY;
        if (d.link && (from[i] & PTE_W) && !protect)
            return -EXO_EBUSY;
    }
    return 0;
}

static int clone(struct pte_batch *batch, const struct exo_pte *e, uint32_t pt) {
    int error = resolve(batch->table, e->object, &batch->object_handle, &batch->object);
    struct cap *source = batch->object;

    if (error || (error = check_rights(source, EXO_PTE, EXO_R_WRITE)))
        return error;
    if (source->count != 512 || batch->pt->count != 512)
        return -EXO_ERANGE;
    uint32_t from = source->base / 512;
    uint64_t *entries = frame_at(from);
    if (from == pt || level_of(from) != level_of(pt) || level_of(pt) == 4 || frames[from].owner != batch->table->pfn ||
        frames[pt].owner != batch->table->pfn)
        return -EXO_EFRAME;
    if (e->index || e->value & ~(uint64_t)EXO_CLONE_PROTECT)
        return -EXO_EINVAL;
    error = check_clone(frame_at(pt), entries, level_of(pt), e->value);
    if (error)
        return error;
    for (uint32_t i = 0; i < 512; i++) {
        if (!(entries[i] & PTE_P))
            continue;
        if (e->value)
            commit(batch, from, i, entries[i] & ~PTE_W);
        commit(batch, pt, i, entries[i] & ~PTE_W);
    }
    return 0;
}

int pte_set(struct pte_batch *batch, const struct exo_pte *e) {
    int error = resolve(batch->table, e->table, &batch->pt_handle, &batch->pt);

    if (error || (error = check_rights(batch->pt, EXO_PTE, EXO_R_WRITE)))
        return error;
    uint64_t entry = batch->pt->base / 512 * 512 + e->index;
    if (e->index > 511 || !cap_covers(batch->pt, entry, 1))
        return -EXO_ERANGE;
    if (e->op == EXO_PTE_SET)
        return set(batch, e, entry / 512);
    return e->op == EXO_PTE_CLONE ? clone(batch, e, entry / 512) : -EXO_EINVAL;
}

void page_table_init(struct table *t, uint32_t pfn, uint32_t level) {
    frame_set_type(pfn, FT_PT1 + level - 1);
    frames[pfn].owner = t->pfn;
    frames[pfn].wlink = 0;
    frames[pfn].prev = 0;
    frames[pfn].next = t->page_tables;
    if (t->page_tables)
        frames[t->page_tables].prev = pfn;
    t->page_tables = pfn;
    if (level == 4) {
        uint64_t *entries = frame_at(pfn);
        memcpy(entries + 256, kernel_pml4 + 256, 2048);
        entries[EXO_SELF_SLOT] = (uint64_t)pfn << 12 | PTE_P | PTE_U | PTE_NX;
    }
}

void page_table_clear(uint32_t pfn, uint32_t first, uint32_t n) {
    struct pte_batch batch = {0};
    uint32_t end = level_of(pfn) == 4 && first + n > EXO_SELF_SLOT ? EXO_SELF_SLOT : first + n;

    for (uint32_t i = first; i < end; i++)
        commit(&batch, pfn, i, 0);
    if (batch.flush)
        tlb_flush();
}

void page_table_end(struct table *t, uint32_t pfn) {
    struct frame *f = &frames[pfn];

    page_table_clear(pfn, 0, 512);
    if (t->sweep_next == pfn)
        t->sweep_next = f->next;
    if (f->prev)
        frames[f->prev].next = f->next;
    else
        t->page_tables = f->next;
    if (f->next)
        frames[f->next].prev = f->prev;
    f->owner = f->next = f->prev = 0;
    frame_set_type(pfn, FT_USER);
}

static void sweep_table(uint32_t pt, uint64_t base, uint64_t n, bool links) {
    struct pte_batch batch = {0};
    unsigned level = level_of(pt);
    uint32_t end = level == 4 ? EXO_SELF_SLOT : 512;

    for (uint32_t i = 0; i < end; i++) {
        struct decoded d = decode(level, ((uint64_t *)frame_at(pt))[i]);
        if (d.frames && d.link == links && d.pfn < base + n && base < d.pfn + d.frames)
            commit(&batch, pt, i, 0);
    }
    if (batch.flush)
        tlb_flush();
}

#define TABLES_PER_STEP 8

bool sweep_step(struct table *t, struct cap *cap) {
    if (cap->flags & CAP_SWEPT)
        return true;
    /* A sweep that somebody left half done is finished first: there is one cursor. */
    if (!t->sweep_cap) {
        t->sweep_cap = cap;
        t->sweep_next = t->page_tables;
    }
    bool links = t->sweep_cap->type == EXO_PTE;
    uint64_t base = links ? t->sweep_cap->base / 512 : t->sweep_cap->base, n = links ? 1 : t->sweep_cap->count;
    for (int i = 0; i < TABLES_PER_STEP && t->sweep_next; i++) {
        uint32_t pt = t->sweep_next;
        t->sweep_next = frames[pt].next;
        sweep_table(pt, base, n, links);
    }
    if (!t->sweep_next) {
        t->sweep_cap->flags |= CAP_SWEPT;
        t->sweep_cap = NULL;
    }
    return cap->flags & CAP_SWEPT;
}
