/* SPDX-License-Identifier: MIT */
#include "env.h"

#include "frame.h"
#include "lib.h"
#include "panic.h"
#include "sched.h"

static uint64_t last_id;
static uint32_t first_env_pfn;

void env_init(uint32_t pfn, uint32_t count, struct table *t) {
    struct env *env = frame_at(pfn);

    *env = (struct env){.pfn = pfn, .frames = count, .table = t->pfn, .next = t->envs, .port_begin = 8192};
    if (t->envs)
        ((struct env *)frame_at(t->envs))->prev = pfn;
    t->envs = pfn;
    if (env_bitmap(env))
        memset(env_bitmap(env), 0xff, 8192);
    if (!first_env_pfn)
        first_env_pfn = pfn;
}

uint32_t env_root(const struct env *env) {
    const struct frame *f = &frames[env->root];
    bool same = env->root && frame_types[env->root] == FT_PT4 && f->owner == env->table && f->root_id == env->root_id;
    return same ? env->root : 0;
}

void env_set_root(struct env *env, uint32_t root) {
    uint32_t old = env_root(env);

    if (old) {
        frames[old].refs--;
        sched_root_gone(old);
    }
    env->root = root;
    if (root) {
        frames[root].refs++;
        env->root_id = frames[root].root_id;
    }
}

void vcpu_init(uint32_t pfn, struct env *env) {
    struct vcpu *v = frame_at(pfn);

    v->pfn = pfn;
    v->id = ++last_id;
    v->env = env->pfn;
    v->next = env->vcpus;
    if (env->vcpus)
        ((struct vcpu *)frame_at(env->vcpus))->prev = pfn;
    env->vcpus = pfn;
    fpu_init_area(v->fpu);
}

void vcpu_unpin(struct vcpu *v) {
    if (v->page) {
        frames[frame_of(v->page)].pinned = 0;
        frames[frame_of(v->page)].owner = 0;
    }
    v->page = NULL;
}

void vcpu_end(struct vcpu *v) {
    struct env *env = frame_at(v->env);

    sched_forget(v);
    v->state = VCPU_STOPPED;
    vcpu_unpin(v);
    if (!v->env)
        return;
    if (v->prev)
        ((struct vcpu *)frame_at(v->prev))->next = v->next;
    else
        env->vcpus = v->next;
    if (v->next)
        ((struct vcpu *)frame_at(v->next))->prev = v->prev;
    v->env = v->next = v->prev = 0;
}

static void unbind_env(struct env *env) {
    struct table *t = frame_at(env->table);

    if (env->prev)
        ((struct env *)frame_at(env->prev))->next = env->next;
    else
        t->envs = env->next;
    if (env->next)
        ((struct env *)frame_at(env->next))->prev = env->prev;
    env->table = env->next = env->prev = 0;
}

bool env_end(struct env *env) {
    if (!env->table)
        return true;
    if (env->pfn == first_env_pfn)
        panic("the first environment ended");
    if (env->vcpus) {
        vcpu_end(frame_at(env->vcpus));
        return false;
    }
    env_set_root(env, 0);
    unbind_env(env);
    return true;
}

bool table_end_envs(struct table *t) {
    if (t->envs)
        env_end(frame_at(t->envs));
    return !t->envs;
}

void vcpu_ring(struct vcpu *v, uint64_t bits) {
    if (v->page)
        __atomic_fetch_or(&v->page->pending, bits, __ATOMIC_SEQ_CST);
    sched_look_again();
}

bool vcpu_has_events(const struct vcpu *v) {
    return v->page && (v->page->pending & v->page->enabled);
}

void vcpu_fault(struct vcpu *v) {
    struct env *env = frame_at(v->env);
    struct vcpu *keeper = frame_at(env->keeper);

    v->state = VCPU_FAULTED;
    sched_look_again();
    if (env->keeper && frame_types[env->keeper] == FT_VCPU && keeper->id == env->keeper_id &&
        keeper->ring_epoch == env->keeper_epoch && keeper->env) {
        vcpu_ring(keeper, 1ul << env->keeper_bit);
        return;
    }
    if (env->pfn == first_env_pfn)
        panic_regs(&v->regs);
    env->stopped = true; /* none of its vCPUs runs again; its holder takes it apart */
}

/* Ports that the table has lost since are closed, with all others: what it still holds is opened again when it faults. */
void env_refresh_ports(struct env *env) {
    const struct table *t = frame_at(env->table);

    if (!env_bitmap(env) || env->ports_epoch == t->ports_epoch)
        return;
    memset(env_bitmap(env), 0xff, 8192);
    env->port_begin = 8192;
    env->port_end = 0;
    env->ports_epoch = t->ports_epoch;
}

void env_ports(struct env *env, uint32_t first, uint32_t count, bool on) {
    uint8_t *bitmap = env_bitmap(env);
    uint32_t end = first + count;

    env_refresh_ports(env);
    if (on && first / 8 < env->port_begin)
        env->port_begin = first / 8;
    if (on && (end + 7) / 8 > env->port_end)
        env->port_end = (end + 7) / 8;
    for (uint32_t p = first; p < end; p += 8 - p % 8) {
        uint32_t n = end - p < 8 - p % 8 ? end - p : 8 - p % 8;
        uint8_t bits = ((1u << n) - 1) << p % 8;
        bitmap[p / 8] = on ? bitmap[p / 8] & ~bits : bitmap[p / 8] | bits;
    }
    sched_ports_changed(env->pfn);
}
