/* SPDX-License-Identifier: MIT */
#include "ops.h"

#include <string.h>

const char *const op_names[OP_KINDS] = {"derive", "drop", "revoke", "create", "pte_update", "vcpu_config", "env_set", "slice_bind"};

static bool one_in(unsigned n) {
    return !check_random(n);
}

/* A capability of t of that type (0: any) that has `rights`, or NULL; without the boot objects, which are to stay, unless
 * `boot`. */
static struct cap *pick_with(struct table *t, uint8_t type, uint16_t rights, bool boot) {
    uint32_t first = t == first_table() && !boot ? SLOT_FREE : EXO_TABLE_HEAD, found = 0;
    struct cap *result = NULL;

    for (uint32_t i = first; i < t->slots; i++) {
        struct cap *c = table_slot(t, i);
        if (c->type && (!type || c->type == type) && !(rights & ~c->rights) && one_in(++found))
            result = c; /* each of those found with the same probability */
    }
    return result;
}

static struct cap *pick(struct table *t, uint8_t type, bool boot) {
    return pick_with(t, type, 0, boot);
}

/* Its handle, or now and then one that is wrong: stale, of another type, empty, beyond the table, all ones. */
static exo_cap_t name(struct table *t, const struct cap *c) {
    if (c && !one_in(24))
        return cap_handle(c);
    switch (check_random(5)) {
    case 0:
        return c ? cap_handle(c) - (1ul << 32) : 0;
    case 1:
        c = pick(t, 0, true);
        return c ? cap_handle(c) : 0;
    case 2:
        return EXO_HANDLE(check_random(t->slots + 2), 1);
    case 3:
        return ~0ul;
    default:
        return 0;
    }
}

static exo_cap_t any(struct table *t, uint8_t type) {
    return name(t, pick(t, type, true));
}

/* The table that the call is to act for: mostly one's own. *t is that one, if the handle names one. */
static exo_cap_t acting(struct table **t) {
    struct cap *c = one_in(4) ? pick(*t, EXO_TABLE, true) : NULL;

    if (!c)
        return one_in(50) ? any(*t, 0) : 0;
    exo_cap_t handle = name(*t, c);
    *t = frame_at(c->base);
    return handle;
}

static uint64_t slot_in(const struct table *t) {
    uint64_t from = t == first_table() ? SLOT_FREE : EXO_TABLE_HEAD;

    if (one_in(30))
        return check_random(t->slots + 4);
    for (uint64_t slot = from + check_random(20); slot < t->slots; slot += 1 + check_random(3))
        if (!table_slot((struct table *)t, slot)->type)
            return slot;
    return from;
}

static uint64_t rights_of(const struct cap *c) {
    return one_in(3) ? c->rights & check_random(EXO_R_ALL + 1) : one_in(40) ? check_random(1024) : c->rights;
}

static void random_derive(struct op *op) {
    const struct cap *c = one_in(3) ? pick_with(op->by, EXO_FRAME, EXO_R_RETYPE, true) : pick(op->by, 0, true);
    struct table *dst = op->by;

    op->a[0] = name(op->by, c);
    op->a[4] = acting(&dst);
    op->a[5] = slot_in(dst);
    if (!c)
        return;
    uint64_t count = one_in(2) ? c->count : 1 + check_random(c->count);
    op->a[1] = c->base + check_random(c->count - count + 1) + (one_in(40) ? check_random(3) - 1 : 0);
    op->a[2] = one_in(40) ? check_random(3) * count : count;
    op->a[3] = rights_of(c);
}

static void random_create(struct op *op) {
    static const uint8_t kinds[] = {1, 1, 1, 2, 2, 2, 3, 4, EXO_KIND_TABLE, EXO_KIND_ENV, EXO_KIND_VCPU};
    uint64_t kind = kinds[check_random(sizeof kinds)], n = 1;
    struct table *t = op->by;

    op->a[0] = acting(&t);
    struct cap *c = pick_with(t, EXO_FRAME, one_in(20) ? 0 : EXO_R_RETYPE, true);
    op->a[1] = name(t, c);
    if (kind == EXO_KIND_ENV)
        n = one_in(2) ? 3 : 1;
    if (kind == EXO_KIND_TABLE)
        n = 1 + check_random(2);
    if (one_in(40))
        n = check_random(5);
    if (c) /* chunk 2 is left to large pages, mostly */
        op->a[2] = c->base + check_random(c->count > 960 && !one_in(10) ? 960 : c->count);
    op->a[3] = EXO_CREATE(one_in(60) ? check_random(10) : kind, n);
    op->a[4] = slot_in(t);
    if (kind == EXO_KIND_ENV && !one_in(3))
        op->a[5] = any(t, EXO_TABLE);
    if (kind == EXO_KIND_VCPU)
        op->a[5] = name(t, pick_with(t, EXO_ENV, EXO_R_CONTROL, true));
}

/* A leaf or a link that suits a page table of this level, more or less. */
static uint64_t random_entry(struct table *t, unsigned level, exo_cap_t *object) {
    static const uint64_t odd[] = {PTE_PWT, PTE_PCD, PTE_G, PTE_PS, 1ul << 12, 1ul << 40, 1ul << 52, 1ul << 59, PTE_A, PTE_D, 1ul << 9};
    bool large = level == 2 && one_in(4), leaf = level == 1 || large;
    struct cap *c = pick_with(t, leaf ? EXO_FRAME : EXO_PTE, one_in(20) ? 0 : leaf ? EXO_R_READ : EXO_R_WRITE, true);
    uint64_t value = EXO_P | (one_in(2) ? EXO_W : 0) | (one_in(3) ? 0 : EXO_NX) | (large ? EXO_PS : 0);

    for (int i = 0; i < 8 && c && !leaf && frame_types[c->base / 512] != FT_PT1 + level - 2; i++)
        c = pick(t, EXO_PTE, true);
    *object = name(t, c);
    if (c && leaf)
        value |= (large ? 1024 : c->base + check_random(c->count + one_in(20))) << 12;
    else if (c)
        value |= c->base / 512 << 12;
    return value | (one_in(10) ? odd[check_random(sizeof odd / sizeof odd[0])] : 0);
}

static void random_update(struct op *op) {
    struct table *t = op->by;

    op->a[0] = acting(&t);
    op->a[2] = 1 + check_random(one_in(3) ? 8 : 2);
    for (uint64_t i = 0; i < op->a[2]; i++) {
        struct exo_pte *e = &op->batch[i];
        struct cap *pt = pick(t, EXO_PTE, true);
        unsigned level = pt ? frame_types[pt->base / 512] - FT_PT1 + 1 : 1;
        if (i && !one_in(3) && pt) { /* mostly the same as the last one, as batches are */
            *e = e[-1];
            e->index++;
            e->value += one_in(2) ? 4096 : 0;
            e->table = one_in(6) ? name(t, pt) : e->table;
            e->object = one_in(6) ? any(t, EXO_FRAME) : e->object;
            continue;
        }
        e->table = name(t, pt);
        e->index = pt ? pt->base % 512 + check_random(pt->count < 6 ? pt->count : 6) : 0;
        if (one_in(30))
            e->index = check_random(520);
        if (one_in(6)) {
            *e = (struct exo_pte){e->table, any(t, EXO_PTE), check_random(2), 0, one_in(20) ? 2 : EXO_PTE_CLONE};
        } else if (!one_in(5)) {
            e->value = random_entry(t, level, &e->object);
        } else {
            e->value = one_in(4) ? check_random(16) << 52 | (one_in(8) ? 4096 : 0) : 0;
        }
    }
}

static void random_config(struct op *op) {
    struct cap *c = pick_with(op->by, EXO_FRAME, one_in(20) ? 0 : EXO_R_READ | EXO_R_WRITE, true);

    op->a[0] = name(op->by, pick_with(op->by, EXO_VCPU, one_in(20) ? 0 : EXO_R_CONTROL, one_in(20)));
    op->config = (struct exo_vcpu_config){.stack = one_in(30) ? 8 : 16, .nested_stack = 16, .entry = one_in(30) ? EXO_USER_END : 0};
    op->config.page_frame = name(op->by, c);
    op->config.page_pfn = c ? c->base + check_random(one_in(2) || c->count > 960 ? 4 : c->count + one_in(20)) : 0;
}

static void random_root(struct op *op) {
    struct cap *c = pick_with(op->by, EXO_ENV, EXO_R_CONTROL, true);

    op->a[0] = name(op->by, c);
    op->a[1] = EXO_ENV_ROOT;
    struct table *t = c && ((struct env *)frame_at(c->base))->table ? frame_at(((struct env *)frame_at(c->base))->table) : op->by;
    struct cap *pt = pick(t, EXO_PTE, true);
    for (int i = 0; i < 8 && pt && frame_types[pt->base / 512] != FT_PT4; i++)
        pt = pick(t, EXO_PTE, true);
    op->a[2] = name(t, pt);
}

static void random_bind(struct op *op) {
    struct cap *c = pick(op->by, EXO_SLICE, true);

    op->a[0] = name(op->by, c);
    op->a[1] = c ? c->base + check_random(c->count) : 0;
    op->a[2] = c ? 1 + check_random(c->base + c->count - op->a[1] + one_in(20)) : 0;
    op->a[3] = one_in(4) ? 0 : any(op->by, EXO_VCPU);
}

static void random_delete(struct op *op) {
    struct table *t = op->by;

    if (op->kind == OP_REVOKE) {
        op->a[0] = name(t, pick(t, 0, one_in(40)));
        return;
    }
    op->a[0] = acting(&t);
    op->a[1] = name(t, pick(t, 0, false));
}

void op_random(struct op *op) {
    static const uint8_t weights[OP_KINDS] = {32, 12, 2, 22, 30, 8, 4, 3};
    struct audit a;
    unsigned at = check_random(113), kind = 0;

    while (at >= weights[kind])
        at -= weights[kind++];
    audit_find_tables(&a);
    *op = (struct op){.kind = kind, .by = a.table[one_in(2) ? 0 : check_random(a.tables)]};
    if (kind == OP_CREATE && a.tables > 12 && one_in(2))
        op->by = first_table();
    switch (op->kind) {
    case OP_DERIVE: random_derive(op); break;
    case OP_CREATE: random_create(op); break;
    case OP_UPDATE: random_update(op); break;
    case OP_CONFIG: random_config(op); break;
    case OP_ROOT: random_root(op); break;
    case OP_BIND: random_bind(op); break;
    default: random_delete(op);
    }
}

long op_run(const struct op *op) {
    const uint64_t *a = op->a;
    long result;

    act_as(op->by);
    switch (op->kind) {
    case OP_DERIVE: result = sys_cap_derive(a[0], a[1], a[2], a[3], a[4], a[5]); break;
    case OP_DROP: result = sys_cap_drop(a[0], a[1]); break;
    case OP_REVOKE: result = sys_cap_revoke(a[0]); break;
    case OP_CREATE: result = make_object(a[0], a[1], a[2], a[3], a[4], a[5]); break;
    case OP_UPDATE: result = sys_pte_update(a[0], op->batch, a[2], 0); break;
    case OP_CONFIG: result = sys_vcpu_config(a[0], &op->config); break;
    case OP_ROOT: result = sys_env_set(a[0], a[1], a[2], 0); break;
    default: result = sys_slice_bind(a[0], a[1], a[2], a[3], 7);
    }
    machine_settle();
    return result;
}

/* ---- documented errors --------------------------------------------------------------------------- */

static const struct {
    const char *name, *errors;
} calls[] = {
#define CALL0(...)
#define CALL1(nr, name, t1, a1, rights, errors, text) {#name, errors},
#define CALL2(nr, name, t1, a1, t2, a2, rights, errors, text) {#name, errors},
#define CALL3(nr, name, t1, a1, t2, a2, t3, a3, rights, errors, text) {#name, errors},
#define CALL4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, rights, errors, text) {#name, errors},
#define CALL5(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, rights, errors, text) {#name, errors},
#define CALL6(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6, rights, errors, text) {#name, errors},
#include "exo/abi/syscalls.def"
};

static const char *const error_names[] = {
#define ERR(name, number, text) [number] = #name,
#include "exo/abi/errors.def"
};

bool op_documents(enum op_kind kind, long error) {
    static const char *const names[OP_KINDS] = {"cap_derive", "cap_drop", "cap_revoke", "create", "pte_update", "vcpu_config",
                                                "env_set", "slice_bind"};

    if (error >= 0 || -error >= (long)(sizeof error_names / sizeof error_names[0]))
        return false;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (!strcmp(calls[i].name, names[kind]))
            return strstr(calls[i].errors, error_names[-error] + strlen("EXO_")) != NULL;
    return false;
}
