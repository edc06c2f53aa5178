/* SPDX-License-Identifier: MIT */
#include "audit.h"

#include <string.h>

#define FOR_EACH_CAP(t, c) \
    for (struct cap *c = table_slot(t, EXO_TABLE_HEAD); c < table_slot(t, (t)->slots); c++) \
        if (c->type)

void audit_find_tables(struct audit *a) {
    *a = (struct audit){{first_table()}, 1};
    for (uint32_t i = 0; i < a->tables; i++)
        FOR_EACH_CAP(a->table[i], c)
            if (c->type == EXO_TABLE && (c->flags & CAP_OBJECT)) {
                struct table *t = frame_at(c->base);
                if (t->object != c || t->pfn != c->base || a->tables == AUDIT_TABLES)
                    FAIL("table 0x%lx does not know its capability", c->base);
                a->table[a->tables++] = t;
            }
}

static void check_empty(const struct table *t, const struct cap *c) {
    const struct cap empty = {.generation = c->generation, .table = t->pfn};

    if (memcmp(c, &empty, sizeof empty))
        FAIL("the empty slot %ld of table 0x%x holds something", (long)(c - (const struct cap *)t), t->pfn);
}

/* An object's capability comes from the frames that it is made of. */
static bool object_within(const struct cap *c, const struct cap *parent) {
    uint64_t pfn = c->type == EXO_PTE ? c->base / 512 : c->type == EXO_VCPU ? c->base / 64 : c->base, n = 1;

    if (c->type == EXO_TABLE)
        n = ((struct table *)frame_at(pfn))->frames;
    if (c->type == EXO_ENV)
        n = ((struct env *)frame_at(pfn))->frames;
    return parent->type == EXO_FRAME && (parent->rights & EXO_R_RETYPE) && cap_covers(parent, pfn, n);
}

static void check_child(const struct cap *c, const struct cap *parent) {
    if (c->parent != parent)
        FAIL("a capability's parent is not what it follows in the list");
    if (!parent)
        return;
    if (c->flags & CAP_OBJECT) {
        if (!object_within(c, parent))
            FAIL("an object outside the frames that it came from");
    } else if (c->type != parent->type || (c->rights & ~parent->rights) || !cap_covers(parent, c->base, c->count)) {
        FAIL("type %u 0x%lx+0x%lx rights 0x%x derived from type %u 0x%lx+0x%lx rights 0x%x", c->type, c->base, c->count, c->rights,
             parent->type, parent->base, parent->count, parent->rights);
    }
}

/* Walks one root's list; returns its length. */
static uint32_t check_list(struct cap *root) {
    const struct cap *path[EXO_DEPTH_MAX + 1] = {root};
    uint32_t n = 1;

    if (root->prev || root->parent)
        FAIL("a root in the middle of a list");
    for (const struct cap *last = root, *c = root->next; c; last = c, c = c->next, n++) {
        if (!c->type || c->prev != last || !c->depth || c->depth > last->depth + 1 || c->depth > EXO_DEPTH_MAX)
            FAIL("the derivation list is broken: depth %u after %u", c->depth, last->depth);
        path[c->depth] = c;
        check_child(c, path[c->depth - 1]);
    }
    return n;
}

void audit_capabilities(const struct audit *a) {
    uint32_t live = 0, listed = 0;

    for (uint32_t i = 0; i < a->tables; i++) {
        struct table *t = a->table[i];
        for (struct cap *c = table_slot(t, EXO_TABLE_HEAD); c < table_slot(t, t->slots); c++)
            if (!c->type)
                check_empty(t, c);
        FOR_EACH_CAP(t, c) {
            if (c->table != t->pfn || !c->generation)
                FAIL("slot %ld of table 0x%x is of table 0x%x, generation %u", (long)(c - (struct cap *)t), t->pfn, c->table, c->generation);
            live++;
            listed += c->depth ? 0 : check_list(c);
        }
        const struct cap *s = t->sweep_cap;
        if (s && (s->table != t->pfn || !s->type || !(s->flags & CAP_DYING) || (s->flags & CAP_SWEPT)))
            FAIL("table 0x%x sweeps for a capability that is not going", t->pfn);
    }
    if (live != listed)
        FAIL("%u capabilities live, %u in the derivation lists", live, listed);
}

void audit(void) {
    struct audit a;

    audit_find_tables(&a);
    audit_capabilities(&a);
    audit_frames(&a);
    audit_page_tables(&a);
    audit_objects(&a);
}
