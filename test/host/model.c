/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <stdlib.h>
#include <string.h>

struct model model;

#define FIND(array, condition)                                             \
    for (size_t i = 0; i < sizeof model.array / sizeof model.array[0]; i++) \
        if (condition)                                                     \
            return &model.array[i];                                        \
    return NULL

struct mtable *model_table(uint32_t pfn) {
    FIND(table, model.table[i].live && model.table[i].pfn == pfn);
}

struct mpt *model_pt(uint32_t pfn) {
    FIND(pt, model.pt[i].pfn == pfn);
}

struct menv *model_env(uint32_t pfn) {
    FIND(env, model.env[i].pfn == pfn);
}

struct mvcpu *model_vcpu(uint32_t pfn) {
    FIND(vcpu, model.vcpu[i].pfn == pfn);
}

struct mcap *model_at(uint32_t table, uint64_t slot) {
    FIND(cap, table && model.cap[i].table == table && model.cap[i].slot == slot);
}

static struct mcap *free_cap(void) {
    FIND(cap, !model.cap[i].table);
}

struct mcap *model_add(struct mcap *parent, uint32_t table, uint32_t slot, uint8_t type, uint64_t base, uint64_t count, uint16_t rights) {
    struct mcap *c = free_cap();

    if (!c)
        FAIL("the model is full");
    uint32_t generation = model_table(table)->generation[slot];
    *c = (struct mcap){table, slot, generation, type, parent ? parent->depth + 1 : 0, false, rights, base, count, parent};
    return c;
}

bool model_has_children(const struct mcap *c) {
    for (int i = 0; i < M_CAPS; i++)
        if (model.cap[i].table && model.cap[i].parent == c)
            return true;
    return false;
}

void model_start(void) {
    struct table *t = first_table();

    model.type = memcpy(malloc(frame_count), frame_types, frame_count);
    model.table[0] = (struct mtable){.live = true, .pfn = AT_TABLE, .slots = t->slots};
    for (uint32_t i = 0; i < t->slots; i++)
        model.table[0].generation[i] = 1;
    for (uint32_t i = EXO_TABLE_HEAD; i < t->slots; i++) {
        const struct cap *c = table_slot(t, i);
        if (c->type)
            model_add(NULL, AT_TABLE, i, c->type, c->base, c->count, c->rights);
    }
    model.pt[0] = (struct mpt){.pfn = AT_ROOT, .table = AT_TABLE, .level = 4};
    model.env[0] = (struct menv){AT_ENV, 3, AT_TABLE, AT_ROOT};
    model.vcpu[0] = (struct mvcpu){.pfn = AT_VCPU, .env = AT_ENV};
    memcpy(model.slot, percpu[0].info->slot, sizeof model.slot);
}

/* ---- what entries lead to ------------------------------------------------------------------- */

static uint64_t leads_to(uint64_t e) {
    return (e & EXO_PTE_ADDR) >> 12;
}

static bool is_link(unsigned level, uint64_t e) {
    return (e & EXO_P) && level > 1 && !(e & EXO_PS);
}

unsigned model_links(uint32_t pfn, bool *writable) {
    unsigned n = 0;

    *writable = false;
    for (int p = 0; p < M_PAGE_TABLES; p++)
        for (int i = 0; model.pt[p].pfn && model.pt[p].level > 1 && i < 512; i++)
            if (is_link(model.pt[p].level, model.pt[p].entry[i]) && leads_to(model.pt[p].entry[i]) == pfn) {
                n++;
                *writable |= (model.pt[p].entry[i] & EXO_W) != 0;
            }
    for (int i = 0; i < M_ENVS; i++)
        n += model.env[i].pfn && model.env[i].root == pfn;
    return n;
}

static bool maps(unsigned level, uint64_t e, uint64_t pfn, uint64_t n) {
    return (e & EXO_P) && !is_link(level, e) && leads_to(e) < pfn + n && pfn < leads_to(e) + (level == 2 ? 512 : 1);
}

bool model_mapped(uint64_t pfn) {
    bool writable;

    for (int p = 0; p < M_PAGE_TABLES; p++)
        for (int i = 0; model.pt[p].pfn && i < 512; i++)
            if (maps(model.pt[p].level, model.pt[p].entry[i], pfn, 1))
                return true;
    return model_links(pfn, &writable) != 0;
}

/* ---- deletion ------------------------------------------------------------------------------------ */

static void end_vcpu(struct mvcpu *v) {
    v->env = v->page = v->page_table = 0;
}

static void end_env(struct menv *env) {
    for (int i = 0; i < M_VCPUS; i++)
        if (model.vcpu[i].pfn && model.vcpu[i].env == env->pfn)
            end_vcpu(&model.vcpu[i]);
    env->table = env->root = 0;
}

static void give_back(uint32_t pfn, uint32_t n) {
    memset(model.type + pfn, FT_USER, n);
}

static void lose_frames(const struct mcap *c) {
    for (int p = 0; p < M_PAGE_TABLES; p++)
        for (int i = 0; model.pt[p].pfn && model.pt[p].table == c->table && i < 512; i++)
            if (maps(model.pt[p].level, model.pt[p].entry[i], c->base, c->count))
                model.pt[p].entry[i] = 0;
    for (int i = 0; i < M_VCPUS; i++) {
        struct mvcpu *v = &model.vcpu[i];
        if (v->page && v->page_table == c->table && v->page >= c->base && v->page < c->base + c->count)
            end_vcpu(v);
    }
}

static void lose_entries(const struct mcap *c) {
    struct mpt *pt = model_pt(c->base / 512);

    for (uint64_t i = c->base % 512; i < c->base % 512 + c->count; i++)
        pt->entry[i] = 0;
    if (!c->object)
        return;
    for (int p = 0; p < M_PAGE_TABLES; p++)
        for (int i = 0; i < 512; i++)
            if (is_link(model.pt[p].level, model.pt[p].entry[i]) && leads_to(model.pt[p].entry[i]) == pt->pfn)
                model.pt[p].entry[i] = 0;
    for (int i = 0; i < M_ENVS; i++)
        if (model.env[i].root == pt->pfn)
            model.env[i].root = 0;
    give_back(pt->pfn, 1);
    *pt = (struct mpt){0};
}

static void lose_slots(uint32_t first, uint32_t count, uint32_t table, uint32_t vcpu) {
    for (uint32_t i = first; i < first + count; i++)
        if (model.slot[i].vcpu && (!table || model.slot[i].table == table) && (!vcpu || model.slot[i].vcpu == vcpu))
            model.slot[i] = (struct exo_slot){0};
}

static void lose_object(const struct mcap *c) {
    if (c->type == EXO_ENV) {
        struct menv *env = model_env(c->base);
        end_env(env);
        give_back(env->pfn, env->frames);
        *env = (struct menv){0};
    } else if (c->type == EXO_VCPU) {
        struct mvcpu *v = model_vcpu(c->base / 64);
        give_back(v->pfn, 1);
        *v = (struct mvcpu){0};
    } else {
        struct mtable *t = model_table(c->base);
        for (int i = 0; i < M_ENVS; i++)
            if (model.env[i].pfn && model.env[i].table == t->pfn)
                end_env(&model.env[i]);
        for (int i = 0; i < M_CAPS; i++)
            if (model.cap[i].table == t->pfn)
                model_delete(&model.cap[i]);
        give_back(t->pfn, t->slots / EXO_CAPS_PER_FRAME);
        t->live = false;
    }
}

void model_delete_children(struct mcap *c) {
    for (int i = 0; i < M_CAPS; i++)
        if (model.cap[i].table && model.cap[i].parent == c)
            model_delete(&model.cap[i]);
}

void model_delete(struct mcap *c) {
    model_delete_children(c);
    if (c->type == EXO_FRAME)
        lose_frames(c);
    if (c->type == EXO_PTE)
        lose_entries(c);
    if (c->type == EXO_SLICE)
        lose_slots(c->base, c->count, c->table, 0);
    if (c->type == EXO_VCPU)
        lose_slots(0, EXO_SLOTS, c->object ? 0 : c->table, c->base / 64);
    if (c->object && c->type != EXO_PTE)
        lose_object(c);
    model_table(c->table)->generation[c->slot]++;
    *c = (struct mcap){0};
}

/* ---- comparison --------------------------------------------------------------------------------------- */

static void compare_cap(const struct mcap *m) {
    const struct cap *c = table_slot(frame_at(m->table), m->slot), *parent = c->parent;
    uint16_t flags = m->object ? CAP_OBJECT : 0;

    if (c->type != m->type || c->base != m->base || c->count != m->count || c->rights != m->rights || c->depth != m->depth ||
        c->generation != m->generation || c->flags != flags)
        FAIL("slot %u of table 0x%x: kernel %u 0x%lx+0x%lx rights 0x%x flags 0x%x generation %u, model %u 0x%lx+0x%lx 0x%x 0x%x %u",
             m->slot, m->table, c->type, c->base, c->count, c->rights, c->flags, c->generation, m->type, m->base, m->count, m->rights,
             flags, m->generation);
    if (!parent != !m->parent || (parent && parent != table_slot(frame_at(m->parent->table), m->parent->slot)))
        FAIL("slot %u of table 0x%x has another parent", m->slot, m->table);
}

static void compare_caps(void) {
    uint32_t live = 0, expected = 0;
    struct audit a;

    audit_find_tables(&a);
    for (uint32_t i = 0; i < a.tables; i++)
        for (uint32_t slot = EXO_TABLE_HEAD; slot < a.table[i]->slots; slot++)
            live += table_slot(a.table[i], slot)->type != 0;
    for (int i = 0; i < M_CAPS; i++)
        if (model.cap[i].table) {
            compare_cap(&model.cap[i]);
            expected++;
        }
    EQUAL(live, expected);
}

static void compare_page_table(const struct mpt *pt) {
    const uint64_t *entry = frame_at(pt->pfn);

    for (int i = 0; i < (pt->level == 4 ? EXO_SELF_SLOT : 512); i++)
        if (entry[i] != pt->entry[i])
            FAIL("entry %d of page table 0x%x is 0x%lx, not 0x%lx", i, pt->pfn, entry[i], pt->entry[i]);
}

void model_compare(void) {
    compare_caps();
    for (uint32_t pfn = 0; pfn < frame_count; pfn++)
        if (frame_types[pfn] != model.type[pfn])
            FAIL("frame 0x%x is of type %u, not %u", pfn, frame_types[pfn], model.type[pfn]);
    for (int i = 0; i < M_PAGE_TABLES; i++)
        if (model.pt[i].pfn)
            compare_page_table(&model.pt[i]);
    for (int i = 0; i < M_ENVS; i++) {
        const struct menv *m = &model.env[i];
        const struct env *env = frame_at(m->pfn);
        if (m->pfn && (env->table != m->table || (env->table && env_root(env) != m->root)))
            FAIL("environment 0x%x: table 0x%x of 0x%x, root 0x%x of 0x%x", m->pfn, env->table, m->table, env_root(env), m->root);
    }
    for (int i = 0; i < M_VCPUS; i++) {
        const struct mvcpu *m = &model.vcpu[i];
        const struct vcpu *v = frame_at(m->pfn);
        if (m->pfn && (v->env != m->env || (v->page ? frame_of(v->page) : 0) != m->page))
            FAIL("vCPU 0x%x: environment 0x%x of 0x%x, page %p of 0x%x", m->pfn, v->env, m->env, (void *)v->page, m->page);
    }
    if (memcmp(model.slot, percpu[0].info->slot, sizeof model.slot))
        FAIL("the slice vector is another");
}
