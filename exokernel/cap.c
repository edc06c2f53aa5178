/* SPDX-License-Identifier: MIT */
#include "cap.h"

#include "frame.h"

void table_init(struct table *t, uint32_t pfn, uint32_t frames) {
    *t = (struct table){.pfn = pfn, .frames = frames, .slots = frames * EXO_CAPS_PER_FRAME};
    for (struct cap *c = table_slot(t, EXO_TABLE_HEAD), *end = table_slot(t, t->slots); c < end; c++) {
        c->generation = 1; /* the rest is zero already */
        c->table = pfn;
    }
}

exo_cap_t cap_handle(const struct cap *c) {
    return EXO_HANDLE(c - (const struct cap *)frame_at(c->table), c->generation);
}

static bool revoking(const struct cap *c) {
    for (; c; c = c->parent) /* at most EXO_DEPTH_MAX steps */
        if (c->flags & (CAP_REVOKING | CAP_DYING))
            return true;
    return false;
}

int cap_can_insert(struct cap *src, struct table *dst, uint64_t slot) {
    struct cap *c = table_slot(dst, slot);

    if (slot < EXO_TABLE_HEAD || slot >= dst->slots || dst->ending)
        return -EXO_EBADCAP;
    if (c->type || !c->generation)
        return -EXO_EEXIST;
    if (src->depth >= EXO_DEPTH_MAX)
        return -EXO_EDEPTH;
    return revoking(src) ? -EXO_EREVOKE : 0;
}

static struct cap *fill(struct table *dst, uint32_t slot, uint8_t type, uint64_t base, uint64_t count, uint16_t rights) {
    struct cap *c = table_slot(dst, slot);

    c->type = type;
    c->base = base;
    c->count = count;
    c->rights = rights;
    c->flags = 0;
    c->cursor = 0;
    return c;
}

struct cap *cap_insert(struct cap *src, struct table *dst, uint32_t slot, uint8_t type, uint64_t base, uint64_t count, uint16_t rights) {
    struct cap *c = fill(dst, slot, type, base, count, rights);

    c->parent = src;
    c->depth = src->depth + 1;
    c->prev = src;
    c->next = src->next;
    if (c->next)
        c->next->prev = c;
    src->next = c;
    return c;
}

struct cap *cap_insert_root(struct table *dst, uint32_t slot, uint8_t type, uint64_t base, uint64_t count, uint16_t rights) {
    struct cap *c = table_slot(dst, slot);

    if (slot < EXO_TABLE_HEAD || slot >= dst->slots || c->type)
        return NULL;
    fill(dst, slot, type, base, count, rights);
    c->parent = c->next = c->prev = NULL; /* each root is a list of its own */
    c->depth = 0;
    return c;
}

bool cap_has_children(const struct cap *c) {
    return c->next && c->next->depth > c->depth;
}

static void empty(struct cap *c) {
    if (c->prev)
        c->prev->next = c->next;
    if (c->next)
        c->next->prev = c->prev;
    /* A worn-out slot keeps generation 0 and is never used again. Bit 31 stays clear: handles are not negative. */
    *c = (struct cap){.generation = (c->generation + 1) & 0x7fffffff, .table = c->table};
}

/* Tables that are being taken down. The top one is emptied first; when a capability in it has led to another table, that
 * one must go before, so it is put, or moved, on top. There is one stack for all, so it cannot matter who began.
 * What is derived is younger than what it came from, so tables do not wait for each other in a circle. */
static struct table *ending_top;

static struct cap *first_leaf(struct cap *c) {
    while (cap_has_children(c)) /* the next one is a child: at most EXO_DEPTH_MAX steps */
        c = c->next;
    return c;
}

static bool is_table_object(const struct cap *c) {
    return c->type == EXO_TABLE && (c->flags & CAP_OBJECT);
}

static void unstack(struct table *t) {
    if (t->above)
        t->above->below = t->below;
    else
        ending_top = t->below;
    if (t->below)
        t->below->above = t->above;
}

static void end_table(struct cap *object) {
    struct table *t = frame_at(object->base);

    object->flags |= CAP_DYING;
    if (t->ending)
        unstack(t);
    else
        t->cursor = EXO_TABLE_HEAD;
    t->ending = true;
    t->above = NULL;
    t->below = ending_top;
    if (ending_top)
        ending_top->above = t;
    ending_top = t;
}

#define SLOTS_PER_STEP 256

/* One step for the table on top: the leaf to release now, or NULL. */
static struct cap *ending_step(void) {
    struct table *t = ending_top;
    uint32_t stop = t->cursor + SLOTS_PER_STEP < t->slots ? t->cursor + SLOTS_PER_STEP : t->slots;

    if (!table_end_envs(t))
        return NULL;
    for (; t->cursor < stop; t->cursor++) {
        struct cap *c = table_slot(t, t->cursor);
        if (!c->type)
            continue;
        struct cap *leaf = first_leaf(c);
        if (!is_table_object(leaf))
            return leaf;
        end_table(leaf);
        return NULL;
    }
    if (t->cursor < t->slots)
        return NULL;
    unstack(t);
    return t->object;
}

static void delete_leaf_step(struct cap *leaf) {
    if (is_table_object(leaf)) {
        if (!((struct table *)frame_at(leaf->base))->ending)
            end_table(leaf);
        leaf = ending_step(); /* of the one on top, which may be another that has to go first */
        if (!leaf)
            return;
    }
    leaf->flags |= CAP_DYING;
    if (cap_release(leaf))
        empty(leaf);
}

bool cap_delete_step(struct cap *c) {
    uint32_t generation = c->generation;

    delete_leaf_step(first_leaf(c));
    return c->generation != generation;
}

bool cap_revoke_step(struct cap *c) {
    if (cap_has_children(c)) {
        c->flags |= CAP_REVOKING;
        delete_leaf_step(first_leaf(c->next));
    }
    if (cap_has_children(c))
        return false;
    c->flags &= ~CAP_REVOKING;
    return true;
}
