/* SPDX-License-Identifier: MIT */
/* The calls that make kernel objects, and those on environments and vCPUs. */
#include "arch/x86_64/cpu.h"
#include "env.h"
#include "frame.h"
#include "lib.h"
#include "percpu.h"
#include "pte.h"
#include "sched.h"
#include "syscall.h"
#include "usercopy.h"

/* ---- create -------------------------------------------------------------------- */

/* What is to be made of how many frames, and what it is to belong to. */
struct plan {
    unsigned kind, frames;
    struct table *bound; /* the environment's */
    struct env *env;     /* VCPU */
};

static int plan_object(struct table *t, uint64_t kind, exo_cap_t arg, struct plan *plan) {
    struct cap *c;
    int error;

    *plan = (struct plan){.kind = kind & 0xff, .frames = kind >> 8, .bound = t};
    bool one = plan->frames == 1;
    if (kind >> 8 > EXO_TABLE_FRAMES_MAX)
        return -EXO_EINVAL;
    switch (plan->kind) {
    case EXO_KIND_PT1:
    case EXO_KIND_PT2:
    case EXO_KIND_PT3:
    case EXO_KIND_PT4:
        return one && !arg ? 0 : -EXO_EINVAL;
    case EXO_KIND_TABLE:
        return plan->frames && !arg ? 0 : -EXO_EINVAL;
    case EXO_KIND_ENV:
        if (!one && plan->frames != 3)
            return -EXO_EINVAL;
        if (!arg)
            return 0;
        error = cap_lookup(t, arg, EXO_TABLE, EXO_R_WRITE, &c);
        if (!error)
            plan->bound = frame_at(c->base);
        return error;
    case EXO_KIND_VCPU:
        if (!one)
            return -EXO_EINVAL;
        error = lookup_env(t, arg, &plan->env);
        if (!error)
            plan->bound = frame_at(plan->env->table);
        return error;
    default:
        return -EXO_EINVAL;
    }
}

static void type_frames(uint64_t pfn, unsigned n, enum frame_type type) {
    for (unsigned i = 0; i < n; i++)
        frame_set_type(pfn + i, type);
}

/* Makes the object and its capability; nothing here can fail. */
static struct cap *make(struct table *t, struct cap *from, uint64_t pfn, const struct plan *plan, uint32_t slot) {
    uint64_t base = pfn, count = 1;
    uint8_t type = EXO_PTE;

    memset(frame_at(pfn), 0, plan->frames * 4096ul);
    switch (plan->kind) {
    case EXO_KIND_TABLE:
        type_frames(pfn, plan->frames, FT_TABLE);
        table_init(frame_at(pfn), pfn, plan->frames);
        type = EXO_TABLE;
        break;
    case EXO_KIND_ENV:
        type_frames(pfn, plan->frames, FT_ENV);
        env_init(pfn, plan->frames, plan->bound);
        type = EXO_ENV;
        break;
    case EXO_KIND_VCPU:
        type_frames(pfn, 1, FT_VCPU);
        vcpu_init(pfn, plan->env);
        type = EXO_VCPU;
        base = pfn * 64;
        count = 64;
        break;
    default:
        page_table_init(t, pfn, plan->kind);
        base = pfn * 512;
        count = 512;
    }
    struct cap *c = cap_insert(from, t, slot, type, base, count, EXO_R_ALL);
    c->flags |= CAP_OBJECT;
    if (type == EXO_TABLE)
        ((struct table *)frame_at(pfn))->object = c;
    return c;
}

long sys_create(exo_cap_t table, exo_cap_t frames_cap, uint64_t pfn, uint64_t kind, uint64_t dst_slot, exo_cap_t arg) {
    struct plan plan;
    struct table *t;
    struct cap *c;
    int error = acting_table(table, EXO_R_WRITE, &t);

    if (error || (error = cap_lookup(t, frames_cap, EXO_FRAME, EXO_R_RETYPE, &c)) || (error = plan_object(t, kind, arg, &plan)))
        return error;
    if (!cap_covers(c, pfn, plan.frames))
        return -EXO_ERANGE;
    if ((error = cap_can_insert(c, t, dst_slot)) || (error = frames_retypable(pfn, plan.frames)))
        return error;
    if (plan.bound->ending)
        return -EXO_EDEAD;
    return cap_handle(make(t, c, pfn, &plan, dst_slot));
}

/* ---- environments ------------------------------------------------------------------- */

static int set_root(struct env *env, const struct cap *c) {
    uint32_t pfn = c->base / 512;

    if (c->count != 512)
        return -EXO_ERANGE;
    if (frame_types[pfn] != FT_PT4 || frames[pfn].owner != env->table)
        return -EXO_EINVAL;
    env_set_root(env, pfn);
    return 0;
}

static int set_keeper(struct env *env, const struct cap *c, uint64_t bit) {
    const struct vcpu *keeper = frame_at(c->base / 64);

    if (bit > 63 || !cap_covers(c, c->base / 64 * 64 + bit, 1))
        return -EXO_ERANGE;
    if (bit < EXO_EV_FIRST_BELL)
        return -EXO_EINVAL;
    env->keeper = keeper->pfn;
    env->keeper_bit = bit;
    env->keeper_id = keeper->id;
    env->keeper_epoch = keeper->ring_epoch;
    return 0;
}

long sys_env_set(exo_cap_t env, uint64_t what, exo_cap_t cap, uint64_t arg) {
    struct table *t = own_table();
    struct env *e;
    struct cap *c;
    int error = lookup_env(t, env, &e);

    if (error)
        return error;
    switch (what) {
    case EXO_ENV_ROOT:
        error = cap_lookup((struct table *)frame_at(e->table), cap, EXO_PTE, EXO_R_WRITE, &c);
        return error ? error : set_root(e, c);
    case EXO_ENV_KEEPER:
        if (!cap) {
            e->keeper = 0;
            return 0;
        }
        error = cap_lookup(t, cap, EXO_VCPU, EXO_R_RING, &c);
        return error ? error : set_keeper(e, c, arg);
    default:
        return -EXO_EINVAL;
    }
}

/* ---- vCPUs ----------------------------------------------------------------------------- */

static bool user_address(uint64_t a) {
    return a < EXO_USER_END;
}

static int check_config(const struct exo_vcpu_config *c) {
    bool addresses = user_address(c->entry) && user_address(c->syscall_entry) && user_address(c->nested_entry) &&
                     user_address(c->stack) && user_address(c->nested_stack);
    return addresses && c->stack % 16 == 0 && c->nested_stack % 16 == 0 ? 0 : -EXO_EINVAL;
}

long sys_vcpu_config(exo_cap_t vcpu, const struct exo_vcpu_config *config) {
    struct exo_vcpu_config k;
    struct vcpu *v;
    struct cap *page;
    int error = lookup_vcpu(own_table(), vcpu, EXO_R_CONTROL, &v);

    if (error || (error = copy_from_user(&k, config, sizeof k)) || (error = check_config(&k)) ||
        (error = cap_lookup(own_table(), k.page_frame, EXO_FRAME, EXO_R_READ | EXO_R_WRITE, &page)))
        return error;
    if (!cap_covers(page, k.page_pfn, 1))
        return -EXO_ERANGE;
    if (frame_type(k.page_pfn) != FT_USER)
        return -EXO_EFRAME;
    struct frame *f = &frames[k.page_pfn];
    if (f->pinned && f->owner != v->pfn)
        return -EXO_EBUSY;
    vcpu_unpin(v);
    f->pinned = 1;
    f->owner = v->pfn;
    v->page = frame_at(k.page_pfn);
    v->page_table = own_table()->pfn;
    v->entry = k.entry;
    v->syscall_entry = k.syscall_entry;
    v->nested_entry = k.nested_entry;
    v->stack = k.stack;
    v->nested_stack = k.nested_stack;
    sched_reload(v);
    return 0;
}

/* What ring 3 may choose: nothing that would enter ring 0's world or make iretq fault. */
#define USER_FLAGS 0x240dd5ul /* CF PF AF ZF SF TF DF OF AC ID */

static int set_state(struct vcpu *v, const struct exo_vcpu_state *user) {
    struct exo_vcpu_state s;
    int error = copy_from_user(&s, user, sizeof s);

    if (error)
        return error;
    if (!user_address(s.regs.rip) || !user_address(s.fs_base) || !user_address(s.gs_base))
        return -EXO_EINVAL;
    v->regs = s.regs;
    v->regs.cs = EXO_USER_CS;
    v->regs.ss = EXO_USER_SS;
    v->regs.rflags = (s.regs.rflags & USER_FLAGS) | RFLAGS_IF | 2;
    v->fs_base = s.fs_base;
    v->gs_base = s.gs_base;
    return 0;
}

static int get_state(const struct vcpu *v, struct exo_vcpu_state *user) {
    static const uint8_t status[] = {EXO_VCPU_IS_STOPPED, EXO_VCPU_IS_READY, EXO_VCPU_IS_WAITING, EXO_VCPU_IS_FAULTED};
    struct exo_vcpu_state s = {v->regs, v->fs_base, v->gs_base, status[v->state]};

    return copy_to_user(user, &s, sizeof s);
}

long sys_vcpu_control(exo_cap_t vcpu, uint64_t operation, struct exo_vcpu_state *state) {
    struct vcpu *v;
    int error = lookup_vcpu(own_table(), vcpu, EXO_R_CONTROL, &v);

    if (error)
        return error;
    bool stopped = v->state == VCPU_STOPPED || v->state == VCPU_FAULTED;
    switch (operation) {
    case EXO_VCPU_START:
        if (!v->page)
            return -EXO_EDEAD;
        if (stopped)
            v->state = VCPU_READY;
        sched_look_again();
        return 0;
    case EXO_VCPU_STOP:
        if (!stopped)
            sched_stop(v);
        return 0;
    case EXO_VCPU_GET:
        return stopped ? get_state(v, state) : -EXO_EBUSY;
    case EXO_VCPU_SET:
        return stopped ? set_state(v, state) : -EXO_EBUSY;
    default:
        return -EXO_EINVAL;
    }
}

long sys_yield(exo_cap_t target, uint64_t flags, uint64_t wake_at) {
    struct vcpu *self = this_cpu()->vcpu, *to = NULL;
    int error;

    if (target && (error = lookup_vcpu(own_table(), target, EXO_R_YIELD, &to)))
        return error;
    if (flags & ~(uint64_t)EXO_YIELD_WAIT)
        return -EXO_EINVAL;
    if (to && (to == self || !vcpu_runnable(to, rdtsc())))
        return -EXO_EBUSY;
    if ((flags & EXO_YIELD_WAIT) && vcpu_has_events(self)) {
        sched_look_again(); /* what it would wait for is there */
        return 0;
    }
    if (flags & EXO_YIELD_WAIT)
        self->state = VCPU_WAITING;
    self->wake_at = wake_at;
    sched_yield(to);
    return 0;
}

long sys_timer(uint64_t deadline) {
    this_cpu()->vcpu->timer_at = deadline;
    sched_look_again();
    return 0;
}

long sys_doorbell(exo_cap_t vcpu, uint64_t bits) {
    struct cap *c;
    int error = cap_lookup(own_table(), vcpu, EXO_VCPU, EXO_R_RING, &c);

    if (error)
        return error;
    struct vcpu *v = frame_at(c->base / 64);
    unsigned first = c->base % 64;
    uint64_t allowed = (c->count == 64 ? ~0ul : (1ul << c->count) - 1) << first & ~0ul << EXO_EV_FIRST_BELL;
    if (!bits || (bits & ~allowed))
        return -EXO_ERANGE;
    if (!v->env)
        return -EXO_EDEAD;
    vcpu_ring(v, bits);
    return 0;
}

long sys_set_base(uint64_t which, uint64_t address) {
    if (which > EXO_BASE_GS || !user_address(address))
        return -EXO_EINVAL;
    if (which == EXO_BASE_FS)
        write_fs_base(address);
    else
        wrmsr(MSR_KERNEL_GS_BASE, address);
    return 0;
}
