/* SPDX-License-Identifier: MIT */
#include "audit.h"

#include <stdlib.h>

static bool holds(struct table *t, uint8_t type, uint64_t base, uint64_t count, uint16_t rights) {
    for (const struct cap *c = table_slot(t, EXO_TABLE_HEAD); c < table_slot(t, t->slots); c++)
        if (c->type == type && !(rights & ~c->rights) && cap_covers(c, base, count))
            return true;
    return false;
}

static struct table *live_table(const struct audit *a, uint32_t pfn) {
    for (uint32_t i = 0; i < a->tables; i++)
        if (a->table[i]->pfn == pfn)
            return a->table[i];
    return NULL;
}

/* The page that a vCPU shares: pinned for it, and held by the table that gave it. */
static uint32_t check_shared_page(const struct audit *a, const struct vcpu *v) {
    if (!v->page)
        return 0;
    uint32_t page = frame_of(v->page);
    struct table *t = live_table(a, v->page_table);
    if (frame_types[page] != FT_USER || !frames[page].pinned || frames[page].owner != v->pfn)
        FAIL("the page 0x%x of vCPU 0x%x is not pinned for it", page, v->pfn);
    if (!t || !holds(t, EXO_FRAME, page, 1, EXO_R_READ | EXO_R_WRITE))
        FAIL("the page 0x%x of vCPU 0x%x is held by nobody", page, v->pfn);
    return 1;
}

/* One environment: its vCPUs; counts pages. */
static uint32_t check_env(const struct audit *a, struct table *t, uint32_t pfn, uint32_t prev) {
    const struct env *env = frame_at(pfn);
    uint32_t pages = 0, root = env_root(env);

    if (frame_types[pfn] != FT_ENV || env->pfn != pfn || env->table != t->pfn || env->prev != prev)
        FAIL("the list of environments of table 0x%x is broken at 0x%x", t->pfn, pfn);
    if (root && (frame_types[root] != FT_PT4 || frames[root].owner != t->pfn))
        FAIL("environment 0x%x has a root of type %u", pfn, frame_types[root]);
    for (uint32_t v = env->vcpus, last = 0; v; last = v, v = ((struct vcpu *)frame_at(v))->next) {
        const struct vcpu *vcpu = frame_at(v);
        if (frame_types[v] != FT_VCPU || vcpu->pfn != v || vcpu->env != pfn || vcpu->prev != last)
            FAIL("the list of vCPUs of environment 0x%x is broken at 0x%x", pfn, v);
        pages += check_shared_page(a, vcpu);
    }
    return pages;
}

static bool may_bind(struct table *t, uint32_t vcpu) {
    for (uint64_t bit = 0; bit < 64; bit++) /* a capability over any of its bits will do */
        if (holds(t, EXO_VCPU, vcpu * 64ul + bit, 1, EXO_R_BIND))
            return true;
    return false;
}

static void check_slots(const struct audit *a) {
    const struct exo_slot *slot = percpu[0].info->slot;

    for (uint32_t i = 0; i < EXO_SLOTS; i++) {
        struct table *t = live_table(a, slot[i].table);
        if (!slot[i].vcpu || (slot[i].vcpu == AT_VCPU && slot[i].table == AT_TABLE))
            continue;
        if (frame_types[slot[i].vcpu] != FT_VCPU || !t)
            FAIL("slot %u is bound to frame 0x%x by table 0x%x", i, slot[i].vcpu, slot[i].table);
        if (!holds(t, EXO_SLICE, i, 1, EXO_R_BIND) || !may_bind(t, slot[i].vcpu))
            FAIL("slot %u was bound by table 0x%x, which does not hold both any more", i, slot[i].table);
    }
}

void audit_objects(const struct audit *a) {
    uint32_t pages = 0, pinned = 0;

    for (uint32_t i = 0; i < a->tables; i++)
        for (uint32_t e = a->table[i]->envs, prev = 0; e; prev = e, e = ((struct env *)frame_at(e))->next)
            pages += check_env(a, a->table[i], e, prev);
    for (uint32_t pfn = 0; pfn < frame_count; pfn++)
        pinned += frames[pfn].pinned;
    if (pages != pinned)
        FAIL("%u pages are pinned, %u by vCPUs of environments", pinned, pages);
    check_slots(a);
}
