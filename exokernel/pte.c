/* SPDX-License-Identifier: MIT */
/* The rules for one page-table entry (SDM vol. 3, 4.5). Each check that can fail comes before the first write. */
#include "pte.h"

#include "lib.h"

#define FORBIDDEN (PTE_PWT | PTE_PCD | PTE_G)
#define LARGE_LOW_BITS 0x1ff000ul /* address bits that a 2 MiB entry must not have; bit 12 is PAT there */

struct decoded {
    uint64_t pfn;    /* what it leads to */
    uint32_t frames; /* 0: nothing, the entry is not present */
    bool link;
};

/* On the path of each entry. */
#define HOT static inline __attribute__((always_inline))
/* Not on it, so that it does not pay for their registers. */
#define COLD static __attribute__((noinline))

HOT unsigned level_of(uint32_t pfn) {
    return frame_types[pfn] - FT_PT1 + 1;
}

HOT struct decoded decode(unsigned level, uint64_t value) {
    bool leaf = level == 1 || (value & PTE_PS);

    if (!(value & PTE_P))
        return (struct decoded){0};
    return (struct decoded){(value & PTE_ADDRESS) >> 12, level == 2 && leaf ? 512 : 1, !leaf};
}

/* Counts what a present entry leads to, up or down. */
HOT void count(unsigned level, uint64_t value, int by) {
    struct decoded d = decode(level, value);

    if (d.pfn >= frame_count)
        return;
    if (d.frames == 512) {
        chunks[d.pfn / 512].large += by;
        return;
    }
    frames[d.pfn].refs += by;
    if (d.link && (value & PTE_W))
        frames[d.pfn].wlink = by > 0;
}

HOT bool loses_rights(uint64_t old, uint64_t new) {
    const uint64_t less = PTE_P | PTE_W | PTE_A | PTE_D, other = PTE_ADDRESS | PTE_PS | EXO_PTE_KEY;

    return (old & PTE_P) && ((old & ~new & less) || (~old & new & PTE_NX) || ((old ^ new) & other));
}

/* Writes a validated entry. */
HOT void commit(struct pte_batch *batch, uint32_t pt, unsigned level, uint32_t index, uint64_t value) {
    uint64_t old = __atomic_exchange_n((uint64_t *)frame_at(pt) + index, value, __ATOMIC_RELAXED);

    if (old & PTE_P) {
        count(level, old, -1);
        batch->flush |= loses_rights(old, value);
    }
    if (value & PTE_P)
        count(level, value, +1);
}

void pte_write(uint32_t pt, uint32_t index, uint64_t value) {
    struct pte_batch batch = {0};
    commit(&batch, pt, level_of(pt), index, value);
}

/* Bits alone: 0 or the error. */
HOT int check_form(unsigned level, uint32_t index, uint64_t value) {
    if (level == 4 && index >= EXO_SELF_SLOT)
        return -EXO_EENTRY;
    if (!(value & PTE_P))
        return value & PTE_ADDRESS ? -EXO_EENTRY : 0;
    if ((value & FORBIDDEN) || ((value & PTE_PS) && (level != 2 || (value & LARGE_LOW_BITS))))
        return -EXO_EENTRY;
    return 0;
}

HOT int check_rights(const struct cap *c, uint8_t type, uint16_t rights) {
    return c->type != type ? -EXO_ETYPE : rights & ~c->rights ? -EXO_EPERM : 0;
}

/* No handle equals NO_HANDLE: its slot lies beyond any table. */
static void forget_object(struct pte_batch *batch, int error) {
    batch->object_handle = NO_HANDLE;
    batch->object_error = error;
    batch->mask = 0;
    batch->want = 1; /* which nothing & 0 is */
}

void pte_batch_init(struct pte_batch *batch, struct table *t) {
    batch->table = t;
    batch->pt_handle = NO_HANDLE;
    batch->count = 0;
    batch->flush = false;
    forget_object(batch, -EXO_EBADCAP);
}

COLD int resolve_table(struct pte_batch *batch, exo_cap_t handle) {
    struct cap *c;
    int error = cap_lookup(batch->table, handle, EXO_PTE, EXO_R_WRITE, &c);

    batch->pt_handle = NO_HANDLE;
    batch->count = 0;
    forget_object(batch, -EXO_EBADCAP); /* the mask holds for the two together */
    if (error)
        return error;
    batch->pt_handle = handle;
    batch->pt = c->base / 512;
    batch->entries = frame_at(batch->pt);
    batch->first = c->base % 512;
    batch->count = c->count;
    batch->level = level_of(batch->pt);
    batch->owned = frames[batch->pt].owner == batch->table->pfn;
    return 0;
}

COLD void resolve_object(struct pte_batch *batch, exo_cap_t handle) {
    struct cap *c;
    int error = cap_any(batch->table, handle, &c);

    forget_object(batch, error);
    if (error)
        return;
    batch->object_handle = handle;
    batch->object = c;
    if (c->type != EXO_FRAME || !(c->rights & EXO_R_READ) || !batch->owned || batch->level != 1)
        return;
    batch->want = PTE_P | (c->rights & EXO_R_EXEC ? 0 : PTE_NX);
    batch->mask = batch->want | FORBIDDEN | PTE_PS | (c->rights & EXO_R_WRITE ? 0 : PTE_W);
}

/* A present leaf: the frames lie in the capability, which has the rights, and are of a type that may be mapped so. */
HOT int check_leaf(const struct cap *object, uint64_t *value, const struct decoded *d) {
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

/* The short way for what a batch is mostly made of: a small page of plain memory, of the same object as the last one,
   where nothing was mapped. Whatever else it is, and whatever is to be refused, takes the long way. */
HOT bool set_page(struct pte_batch *batch, const struct exo_pte *e) {
    uint64_t pfn = (e->value & PTE_ADDRESS) >> 12;

    if (e->table != batch->pt_handle || e->object != batch->object_handle || e->op != EXO_PTE_SET || e->index - batch->first >= batch->count)
        return false;
    if ((e->value & batch->mask) != batch->want || pfn - batch->object->base >= batch->object->count ||
        frame_type(pfn) != FT_USER || (batch->entries[e->index] & PTE_P))
        return false;
    batch->entries[e->index] = e->value | PTE_U;
    frames[pfn].refs++;
    return true;
}

/* The short way for clearing an entry of a level-1 table. */
HOT bool clear_page(struct pte_batch *batch, const struct exo_pte *e) {
    if (e->value || e->table != batch->pt_handle || batch->level != 1 || e->op != EXO_PTE_SET || e->index - batch->first >= batch->count)
        return false;
    commit(batch, batch->pt, 1, e->index, 0);
    return true;
}

COLD int set(struct pte_batch *batch, const struct exo_pte *e) {
    uint64_t value = e->value, old;
    unsigned level = batch->level;
    int error = check_form(level, e->index, value);

    if (error)
        return error;
    if (value & PTE_P) {
        struct decoded d = decode(level, value);
        if (!batch->owned)
            return -EXO_EFRAME;
        if (batch->object_handle == NO_HANDLE)
            return batch->object_error;
        old = batch->entries[e->index];
        error = d.link ? check_link(batch->object, value, old, level, batch->table->pfn, d.pfn) : check_leaf(batch->object, &value, &d);
        if (error)
            return error;
        value |= PTE_U;
    }
    commit(batch, batch->pt, level, e->index, value);
    return 0;
}

/* Removes what leads to the frames of `cap` (FRAME) or links to its page table (PTE). */
static void sweep_table(uint32_t pt, const struct cap *cap) {
    bool links = cap->type == EXO_PTE;
    uint64_t base = links ? cap->base / 512 : cap->base, n = links ? 1 : cap->count;
    struct pte_batch batch = {0};
    unsigned level = level_of(pt);
    uint32_t end = level == 4 ? EXO_SELF_SLOT : 512;

    for (uint32_t i = 0; i < end; i++) {
        struct decoded d = decode(level, ((uint64_t *)frame_at(pt))[i]);
        if (d.frames && d.link == links && d.pfn < base + n && base < d.pfn + d.frames)
            commit(&batch, pt, level, i, 0);
    }
    if (batch.flush)
        tlb_flush();
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

COLD int clone(struct pte_batch *batch, const struct exo_pte *e) {
    uint32_t pt = batch->pt;
    struct cap *source;
    int error = cap_lookup(batch->table, e->object, EXO_PTE, EXO_R_WRITE, &source);

    if (error)
        return error;
    if (source->count != 512 || batch->count != 512)
        return -EXO_ERANGE;
    uint32_t from = source->base / 512;
    unsigned level = batch->level;
    uint64_t *entries = frame_at(from);
    if (from == pt || level_of(from) != level || level == 4 || frames[from].owner != batch->table->pfn || !batch->owned)
        return -EXO_EFRAME;
    if (e->index || (e->value & ~(uint64_t)EXO_CLONE_PROTECT))
        return -EXO_EINVAL;
    error = check_clone(frame_at(pt), entries, level, e->value);
    if (error)
        return error;
    for (uint32_t i = 0; i < 512; i++) {
        if (!(entries[i] & PTE_P))
            continue;
        if (e->value)
            commit(batch, from, level, i, entries[i] & ~PTE_W);
        commit(batch, pt, level, i, entries[i] & ~PTE_W);
    }
    /* A sweep that is half done may have this table behind it, and the source still before it. */
    if (batch->table->sweep_cap)
        sweep_table(pt, batch->table->sweep_cap);
    return 0;
}

COLD int update(struct pte_batch *batch, const struct exo_pte *e) {
    bool other = e->table != batch->pt_handle || e->table == NO_HANDLE;
    int error = other ? resolve_table(batch, e->table) : 0;

    if (error)
        return error;
    if (e->index - batch->first >= batch->count)
        return -EXO_ERANGE;
    if (e->op != EXO_PTE_SET)
        return e->op == EXO_PTE_CLONE ? clone(batch, e) : -EXO_EINVAL;
    if ((e->value & PTE_P) && e->object != batch->object_handle)
        resolve_object(batch, e->object);
    return set_page(batch, e) ? 0 : set(batch, e);
}

int pte_update(struct pte_batch *batch, const struct exo_pte *entries, uint64_t n, uint64_t *done) {
    const struct exo_pte *e = entries;
    int error = 0;

    for (; e < entries + n; e++)
        if (!set_page(batch, e) && !clear_page(batch, e) && (error = update(batch, e)))
            break;
    *done += e - entries;
    return error;
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
        frames[pfn].root_id++;
        uint64_t *entries = frame_at(pfn);
        memcpy(entries + 256, kernel_pml4 + 256, 2048);
        entries[EXO_SELF_SLOT] = (uint64_t)pfn << 12 | PTE_P | PTE_U | PTE_NX;
    }
}

void page_table_clear(uint32_t pfn, uint32_t first, uint32_t n) {
    struct pte_batch batch = {0};
    uint32_t end = level_of(pfn) == 4 && first + n > EXO_SELF_SLOT ? EXO_SELF_SLOT : first + n;

    unsigned level = level_of(pfn);
    for (uint32_t i = first; i < end; i++)
        if (((uint64_t *)frame_at(pfn))[i])
            commit(&batch, pfn, level, i, 0);
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
    f->refs = f->owner = f->next = f->prev = 0;
    frame_set_type(pfn, FT_USER);
}

#define TABLES_PER_STEP 2

bool sweep_step(struct table *t, struct cap *cap) {
    if (cap->flags & CAP_SWEPT)
        return true;
    /* A sweep that somebody left half done is finished first: there is one cursor. */
    if (!t->sweep_cap) {
        t->sweep_cap = cap;
        t->sweep_next = t->page_tables;
    }
    for (int i = 0; i < TABLES_PER_STEP && t->sweep_next; i++) {
        uint32_t pt = t->sweep_next;
        t->sweep_next = frames[pt].next;
        sweep_table(pt, t->sweep_cap);
    }
    if (!t->sweep_next) {
        t->sweep_cap->flags |= CAP_SWEPT;
        t->sweep_cap = NULL;
    }
    return cap->flags & CAP_SWEPT;
}
