/* SPDX-License-Identifier: MIT */
/* Dispatch, and the calls on capabilities, page tables and devices; syscall_env.c has those on environments and vCPUs. */
#include "syscall.h"

#include "arch/x86_64/apic.h"
#include "env.h"
#include "event.h"
#include "exo/abi/info.h"
#include "frame.h"
#include "percpu.h"
#include "pte.h"
#include "release.h"
#include "sched.h"
#include "usercopy.h"

#define CALL(nr, name, ...) [nr] = sys_##name,
#define CALL0 CALL
#define CALL1 CALL
#define CALL2 CALL
#define CALL3 CALL
#define CALL4 CALL
#define CALL5 CALL
#define CALL6 CALL
/* entry.asm passes all six arguments; each takes what it needs. */
const void *const call_table[] = {
#include "exo/abi/syscalls.def"
};

struct table *own_table(void) {
    const struct env *env = frame_at(this_cpu()->vcpu->env);
    return frame_at(env->table);
}

int acting_table(exo_cap_t handle, uint16_t rights, struct table **out) {
    struct cap *c;

    *out = own_table();
    if (!handle)
        return 0;
    int error = cap_lookup(*out, handle, EXO_TABLE, rights, &c);
    if (!error)
        *out = frame_at(c->base);
    return error;
}

int lookup_env(struct table *t, exo_cap_t handle, struct env **out) {
    struct cap *c;
    int error = cap_lookup(t, handle, EXO_ENV, EXO_R_CONTROL, &c);

    if (error)
        return error;
    *out = frame_at(c->base);
    return (*out)->table ? 0 : -EXO_EDEAD;
}

int lookup_vcpu(struct table *t, exo_cap_t handle, uint16_t rights, struct vcpu **out) {
    struct cap *c;
    int error = cap_lookup(t, handle, EXO_VCPU, rights, &c);

    if (error)
        return error;
    *out = frame_at(c->base / 64);
    return (*out)->env ? 0 : -EXO_EDEAD;
}

long sys_null(void) {
    return EXO_ABI_VERSION;
}

/* ---- capabilities ------------------------------------------------------------ */

long sys_cap_derive(exo_cap_t src, uint64_t base, uint64_t count, uint64_t rights, exo_cap_t dst_table, uint64_t dst_slot) {
    struct table *own = own_table(), *dst;
    struct cap *c;
    int error = cap_any(own, src, &c);

    if (error || (error = acting_table(dst_table, EXO_R_WRITE, &dst)))
        return error;
    if ((rights & ~(uint64_t)c->rights) || (dst != own && !(c->rights & EXO_R_GRANT)))
        return -EXO_EPERM;
    if (!cap_covers(c, base, count))
        return -EXO_ERANGE;
    if ((error = cap_can_insert(c, dst, dst_slot)))
        return error;
    return cap_handle(cap_insert(c, dst, dst_slot, c->type, base, count, rights));
}

#define STEPS_PER_CALL 16

long sys_cap_revoke(exo_cap_t cap) {
    struct cap *c;
    int error = cap_any(own_table(), cap, &c);

    if (error)
        return error;
    for (int i = 0; i < STEPS_PER_CALL; i++)
        if (cap_revoke_step(c))
            return 0;
    return -EXO_EAGAIN;
}

/* A capability whose deletion was begun is refused by cap_any, but its holder must be able to go on. */
static int lookup_to_drop(struct table *t, exo_cap_t handle, struct cap **out) {
    uint32_t slot = EXO_HANDLE_SLOT(handle);
    struct cap *c = table_slot(t, slot);

    if (slot >= EXO_TABLE_HEAD && slot < t->slots && c->type && (c->flags & CAP_DYING) && c->generation == EXO_HANDLE_GEN(handle)) {
        *out = c;
        return 0;
    }
    return cap_any(t, handle, out);
}

long sys_cap_drop(exo_cap_t table, exo_cap_t cap) {
    struct table *t;
    struct cap *c;
    int error = acting_table(table, EXO_R_WRITE, &t);

    if (error || (error = lookup_to_drop(t, cap, &c)))
        return error;
    bool page_table = c->type == EXO_PTE && (c->flags & CAP_OBJECT);
    if (cap_has_children(c) || (page_table && frames[c->base / 512].refs))
        return -EXO_EBUSY;
    for (int i = 0; i < STEPS_PER_CALL; i++)
        if (cap_delete_step(c))
            return 0;
    return -EXO_EAGAIN;
}

long sys_cap_inspect(exo_cap_t table, uint64_t slot, struct exo_cap_info *out) {
    struct exo_cap_info info = {0};
    struct table *t;
    int error = acting_table(table, EXO_R_READ, &t);

    if (error)
        return error;
    if (slot < EXO_TABLE_HEAD || slot >= t->slots)
        return -EXO_ERANGE;
    const struct cap *c = table_slot(t, slot), *parent = c->parent;
    if (c->type) {
        info = (struct exo_cap_info){cap_handle(c), c->base, c->count, c->rights, c->type, c->depth, 0, 0};
        info.flags = (c->flags & (EXO_CAP_REVOKING | EXO_CAP_OBJECT)) | (cap_has_children(c) ? EXO_CAP_PARENT : 0);
        if (parent && parent->table == c->table)
            info.parent = cap_handle(parent);
        else if (parent)
            info.flags |= EXO_CAP_FOREIGN;
    }
    return copy_to_user(out, &info, sizeof info);
}

/* ---- page tables ------------------------------------------------------------------ */

#define ENTRIES_PER_COPY 32

long sys_pte_update(exo_cap_t table, const struct exo_pte *batch, uint64_t n, uint64_t flags) {
    struct exo_pte entries[ENTRIES_PER_COPY];
    struct pte_batch state;
    struct table *t;
    int error = acting_table(table, EXO_R_WRITE, &t);
    uint64_t done = 0;

    if (error)
        return error;
    if (n > EXO_PTE_BATCH_MAX || (flags & ~(uint64_t)EXO_PTE_SYNC))
        return -EXO_EINVAL;
    pte_batch_init(&state, t);
    while (done < n && !error) {
        uint64_t part = n - done < ENTRIES_PER_COPY ? n - done : ENTRIES_PER_COPY;
        error = copy_from_user(entries, batch + done, part * sizeof entries[0]);
        if (!error)
            error = pte_update(&state, entries, part, &done);
    }
    if (state.flush)
        tlb_flush();
    return done ? (long)done : error;
}

/* ---- slices, interrupts, ports -------------------------------------------------------- */

long sys_slice_bind(exo_cap_t slices, uint64_t first, uint64_t count, exo_cap_t vcpu, uint64_t label) {
    struct table *t = own_table();
    struct vcpu *v = NULL;
    struct cap *c;
    int error = cap_lookup(t, slices, EXO_SLICE, EXO_R_BIND, &c);

    if (error || (vcpu && (error = lookup_vcpu(t, vcpu, EXO_R_BIND, &v))))
        return error;
    if (!cap_covers(c, first, count))
        return -EXO_ERANGE;
    for (uint64_t i = first; i < first + count; i++) {
        struct exo_cpu_info *info = percpu[i / EXO_SLOTS].info;
        info->slot[i % EXO_SLOTS] = v ? (struct exo_slot){label, v->pfn, t->pfn} : (struct exo_slot){0};
    }
    sched_look_again();
    return 0;
}

long sys_irq_bind(exo_cap_t irqs, uint64_t source, exo_cap_t vcpu, uint64_t bit, uint64_t flags) {
    struct table *t = own_table();
    struct cap *c, *target = NULL;
    struct vcpu *v = NULL;
    int error = cap_lookup(t, irqs, EXO_IRQ, EXO_R_BIND, &c);

    if (error || (vcpu && ((error = cap_lookup(t, vcpu, EXO_VCPU, EXO_R_RING, &target)) || (error = lookup_vcpu(t, vcpu, 0, &v)))))
        return error;
    if (!cap_covers(c, source, 1))
        return -EXO_ERANGE;
    if (v && (bit > 63 || !cap_covers(target, (uint64_t)v->pfn * 64 + bit, 1)))
        return -EXO_ERANGE;
    if ((v && bit < EXO_EV_FIRST_BELL) || (flags & ~(uint64_t)(EXO_IRQ_LEVEL | EXO_IRQ_LOW)))
        return -EXO_EINVAL;
    irq_bind(t, source, v, bit, flags);
    return 0;
}

long sys_irq_ack(exo_cap_t irqs, uint64_t source) {
    struct table *t = own_table();
    struct cap *c;
    int error = cap_lookup(t, irqs, EXO_IRQ, EXO_R_BIND, &c);

    if (error)
        return error;
    return cap_covers(c, source, 1) ? irq_ack(t, source) : -EXO_ERANGE;
}

long sys_port_enable(exo_cap_t ports, uint64_t first, uint64_t count, exo_cap_t env, uint64_t on) {
    struct table *t = own_table();
    struct env *e;
    struct cap *c;
    int error = cap_lookup(t, ports, EXO_PORT, EXO_R_BIND, &c);

    if (error || (error = lookup_env(t, env, &e)))
        return error;
    if (!cap_covers(c, first, count))
        return -EXO_ERANGE;
    if (on > 1)
        return -EXO_EINVAL;
    if (!env_bitmap(e) || e->table != t->pfn)
        return -EXO_EBUSY;
    env_ports(e, first, count, on);
    return 0;
}
