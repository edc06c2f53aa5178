/* SPDX-License-Identifier: MIT */
/* The calls as include/exo/abi/syscalls.def describes them. Each collects all that is wrong with its arguments; which of it
 * is reported first is the kernel's choice. */
#include "model.h"

#include <string.h>

#define E(error) (1u << EXO_E##error)

static uint32_t find(uint32_t table, exo_cap_t handle, uint8_t type, uint16_t rights, struct mcap **out) {
    const struct mtable *t = model_table(table);
    uint32_t slot = EXO_HANDLE_SLOT(handle);
    struct mcap *c = model_at(table, slot);

    *out = NULL;
    if (slot < EXO_TABLE_HEAD || slot >= t->slots)
        return E(BADCAP);
    if (EXO_HANDLE_GEN(handle) != t->generation[slot])
        return E(STALE);
    if (!c)
        return E(BADCAP);
    if (type && c->type != type)
        return E(TYPE);
    if (rights & ~c->rights)
        return E(PERM);
    *out = c;
    return 0;
}

static uint32_t acting(uint32_t own, exo_cap_t handle, uint32_t *table) {
    struct mcap *c;

    *table = own;
    if (!handle)
        return 0;
    uint32_t errors = find(own, handle, EXO_TABLE, EXO_R_WRITE, &c);
    *table = c ? c->base : 0;
    return errors;
}

static bool covers(const struct mcap *c, uint64_t base, uint64_t count) {
    return count && base >= c->base && count <= c->count && base - c->base <= c->count - count;
}

static uint32_t can_add(const struct mcap *parent, uint32_t table, uint64_t slot) {
    const struct mtable *t = model_table(table);

    if (slot < EXO_TABLE_HEAD || slot >= t->slots)
        return E(BADCAP);
    return (model_at(table, slot) ? E(EXIST) : 0) | (parent->depth == EXO_DEPTH_MAX ? E(DEPTH) : 0);
}

static long handle_of(const struct mcap *c) {
    return EXO_HANDLE(c->slot, c->generation);
}

static uint32_t derive_(const struct op *op, long *result) {
    const uint64_t *a = op->a;
    struct mcap *c;
    uint32_t dst, errors = find(op->by->pfn, a[0], 0, 0, &c);

    errors |= acting(op->by->pfn, a[4], &dst);
    if (!c)
        return errors;
    if ((a[3] & ~(uint64_t)c->rights) || (dst != op->by->pfn && !(c->rights & EXO_R_GRANT)))
        errors |= E(PERM);
    if (!covers(c, a[1], a[2]))
        errors |= E(RANGE);
    if (dst)
        errors |= can_add(c, dst, a[5]);
    if (!errors)
        *result = handle_of(model_add(c, dst, a[5], c->type, a[1], a[2], a[3]));
    return errors;
}

static uint32_t delete(const struct op *op, long *result) {
    bool writable;
    struct mcap *c;
    uint32_t table, errors;

    *result = 0;
    if (op->kind == OP_REVOKE) {
        errors = find(op->by->pfn, op->a[0], 0, 0, &c);
        if (!errors)
            model_delete_children(c);
        return errors;
    }
    errors = acting(op->by->pfn, op->a[0], &table);
    if (errors || (errors = find(table, op->a[1], 0, 0, &c)))
        return errors;
    if (model_has_children(c) || (c->type == EXO_PTE && c->object && model_links(c->base / 512, &writable)))
        return E(BUSY);
    model_delete(c);
    return 0;
}

/* ---- create ------------------------------------------------------------------------------------ */

/* Wrong kinds, counts and arguments. */
static uint32_t check_kind(uint32_t table, uint64_t kind, uint64_t n, exo_cap_t arg, uint32_t *belongs) {
    struct mcap *c;
    uint32_t errors = 0;

    *belongs = table;
    if (kind >= EXO_KIND_PT1 && kind <= EXO_KIND_PT4)
        return n == 1 && !arg ? 0 : E(INVAL);
    if (kind == EXO_KIND_TABLE)
        return n && n <= EXO_TABLE_FRAMES_MAX && !arg ? 0 : E(INVAL);
    if (kind == EXO_KIND_ENV) {
        errors = arg ? find(table, arg, EXO_TABLE, EXO_R_WRITE, &c) : 0;
        if (arg && c)
            *belongs = c->base;
        return errors | (n == 1 || n == 3 ? 0 : E(INVAL));
    }
    if (kind != EXO_KIND_VCPU)
        return E(INVAL);
    errors = find(table, arg, EXO_ENV, EXO_R_CONTROL, &c) | (n == 1 ? 0 : E(INVAL));
    *belongs = c ? c->base : 0;
    return errors | (c && !model_env(c->base)->table ? E(DEAD) : 0);
}

static uint32_t check_frames(uint64_t pfn, uint64_t n) {
    uint32_t errors = 0;

    if (pfn >= frame_count || n > frame_count - pfn)
        return E(FRAME);
    for (uint64_t i = pfn; i < pfn + n; i++) {
        errors |= model.type[i] != FT_USER ? E(FRAME) : model_mapped(i) ? E(BUSY) : 0;
        for (int v = 0; v < M_VCPUS; v++)
            errors |= model.vcpu[v].page == i ? E(BUSY) : 0;
    }
    return errors;
}

#define NEW(array, field, ...)                                                \
    do {                                                                      \
        size_t i_ = 0;                                                        \
        while (model.array[i_].field)                                         \
            if (++i_ == sizeof model.array / sizeof model.array[0])           \
                FAIL("the model is full");                                    \
        model.array[i_] = (typeof(model.array[0])){__VA_ARGS__};              \
    } while (0)

static void make_table(uint32_t pfn, uint32_t n) {
    NEW(table, live, .live = true, .pfn = pfn, .slots = n * EXO_CAPS_PER_FRAME);
    for (uint32_t i = 0; i < n * EXO_CAPS_PER_FRAME; i++)
        model_table(pfn)->generation[i] = 1;
}

static struct mcap *make(struct mcap *from, uint32_t table, const struct op *op, uint32_t belongs) {
    uint64_t kind = op->a[3] & 0xff, n = op->a[3] >> 8, pfn = op->a[2];

    switch (kind) {
    case EXO_KIND_TABLE:
        memset(model.type + pfn, FT_TABLE, n);
        make_table(pfn, n);
        return model_add(from, table, op->a[4], EXO_TABLE, pfn, 1, EXO_R_ALL);
    case EXO_KIND_ENV:
        memset(model.type + pfn, FT_ENV, n);
        NEW(env, pfn, .pfn = pfn, .frames = n, .table = belongs);
        return model_add(from, table, op->a[4], EXO_ENV, pfn, 1, EXO_R_ALL);
    case EXO_KIND_VCPU:
        model.type[pfn] = FT_VCPU;
        NEW(vcpu, pfn, .pfn = pfn, .env = belongs);
        return model_add(from, table, op->a[4], EXO_VCPU, pfn * 64, 64, EXO_R_ALL);
    default:
        model.type[pfn] = FT_PT1 + kind - 1;
        NEW(pt, pfn, .pfn = pfn, .table = table, .level = kind);
        return model_add(from, table, op->a[4], EXO_PTE, pfn * 512, 512, EXO_R_ALL);
    }
}

static uint32_t create_(const struct op *op, long *result) {
    const uint64_t *a = op->a, n = a[3] >> 8;
    uint32_t table, belongs, errors = acting(op->by->pfn, a[0], &table);
    struct mcap *from;

    if (errors)
        return errors;
    errors = find(table, a[1], EXO_FRAME, EXO_R_RETYPE, &from) | check_kind(table, a[3] & 0xff, n, a[5], &belongs);
    if (!from)
        return errors;
    errors |= (covers(from, a[2], n) ? 0 : E(RANGE)) | can_add(from, table, a[4]) | check_frames(a[2], n);
    if (errors)
        return errors;
    struct mcap *c = make(from, table, op, belongs);
    c->object = true;
    *result = handle_of(c);
    return 0;
}

/* ---- vCPUs, roots, slots ------------------------------------------------------------------------------ */

static uint32_t config_(const struct op *op, long *result) {
    const struct exo_vcpu_config *k = &op->config;
    struct mcap *c, *page;
    uint32_t errors = find(op->by->pfn, op->a[0], EXO_VCPU, EXO_R_CONTROL, &c);
    struct mvcpu *v = c ? model_vcpu(c->base / 64) : NULL;

    *result = 0;
    errors |= (v && !v->env ? E(DEAD) : 0) | (k->entry >= EXO_USER_END || k->stack % 16 ? E(INVAL) : 0);
    errors |= find(op->by->pfn, k->page_frame, EXO_FRAME, EXO_R_READ | EXO_R_WRITE, &page);
    if (page && !covers(page, k->page_pfn, 1))
        errors |= E(RANGE);
    if (page && (k->page_pfn >= frame_count || model.type[k->page_pfn] != FT_USER))
        errors |= E(FRAME);
    for (int i = 0; i < M_VCPUS; i++)
        if (model.vcpu[i].page && model.vcpu[i].page == k->page_pfn && &model.vcpu[i] != v)
            errors |= E(BUSY);
    if (errors)
        return errors;
    v->page = k->page_pfn;
    v->page_table = op->by->pfn;
    return 0;
}

static uint32_t root_(const struct op *op, long *result) {
    struct mcap *c, *pt;
    uint32_t errors = find(op->by->pfn, op->a[0], EXO_ENV, EXO_R_CONTROL, &c);
    struct menv *env = c ? model_env(c->base) : NULL;

    *result = 0;
    if (!env || !env->table)
        return errors | (env ? E(DEAD) : 0);
    errors |= find(env->table, op->a[2], EXO_PTE, EXO_R_WRITE, &pt);
    if (!pt)
        return errors;
    const struct mpt *root = model_pt(pt->base / 512);
    errors |= (pt->count != 512 ? E(RANGE) : 0) | (root->level != 4 || root->table != env->table ? E(INVAL) : 0);
    if (!errors)
        env->root = root->pfn;
    return errors;
}

static uint32_t bind_(const struct op *op, long *result) {
    const uint64_t *a = op->a;
    struct mcap *c, *vcpu = NULL;
    uint32_t errors = find(op->by->pfn, a[0], EXO_SLICE, EXO_R_BIND, &c);

    *result = 0;
    if (a[3])
        errors |= find(op->by->pfn, a[3], EXO_VCPU, EXO_R_BIND, &vcpu);
    if (vcpu && !model_vcpu(vcpu->base / 64)->env)
        errors |= E(DEAD);
    if (c && !covers(c, a[1], a[2]))
        errors |= E(RANGE);
    for (uint64_t i = a[1]; !errors && i < a[1] + a[2]; i++)
        model.slot[i] = vcpu ? (struct exo_slot){7, vcpu->base / 64, op->by->pfn} : (struct exo_slot){0};
    return errors;
}

/* ---- page tables (model_pte.c) ---------------------------------------------------------------------------- */

uint32_t model_entry(uint32_t table, const struct exo_pte *e);

static uint32_t update_(const struct op *op, long *result) {
    uint32_t table, errors = acting(op->by->pfn, op->a[0], &table);

    *result = 0;
    for (uint64_t i = 0; !errors && i < op->a[2]; i++, *result += !errors)
        errors = model_entry(table, &op->batch[i]);
    return *result ? 0 : errors;
}

uint32_t model_run(const struct op *op, long *result) {
    static uint32_t (*const calls[OP_KINDS])(const struct op *, long *) = {
        [OP_DERIVE] = derive_, [OP_DROP] = delete, [OP_REVOKE] = delete, [OP_CREATE] = create_,
        [OP_UPDATE] = update_, [OP_CONFIG] = config_, [OP_ROOT] = root_, [OP_BIND] = bind_,
    };
    return calls[op->kind](op, result);
}
