/* SPDX-License-Identifier: MIT */
/* What the deletion of a capability takes back. Each step is bounded; what it has done so far is noted in the capability. */
#include "arch/x86_64/apic.h"
#include "cap.h"
#include "env.h"
#include "event.h"
#include "exo/abi/info.h"
#include "frame.h"
#include "percpu.h"
#include "pte.h"
#include "release.h"
#include "sched.h"

#define FRAMES_PER_STEP 1024

/* A page that this table gave to a vCPU goes: that vCPU cannot be told of events any more, so it ends. */
static void take_pinned(struct table *t, uint32_t pfn) {
    struct vcpu *v = frame_at(frames[pfn].owner);

    if (v->page_table == t->pfn)
        vcpu_end(v);
}

/* First looks whether any of the frames is mapped at all, which is quick and most often enough; then sweeps. */
static bool release_frames(struct table *t, struct cap *c) {
    uint64_t stop = c->count - c->cursor < FRAMES_PER_STEP ? c->count : c->cursor + FRAMES_PER_STEP;

    for (; c->cursor < stop; c->cursor++) {
        uint64_t pfn = c->base + c->cursor;
        if (pfn >= frame_count) { /* device memory is not counted */
            c->flags |= CAP_MAPPED;
            c->cursor = c->count;
            break;
        }
        if (frame_mapped(pfn))
            c->flags |= CAP_MAPPED;
        if (frames[pfn].pinned)
            take_pinned(t, pfn);
    }
    if (c->cursor < c->count)
        return false;
    return !(c->flags & CAP_MAPPED) || sweep_step(t, c);
}

static bool release_page_table(struct table *t, struct cap *c) {
    uint32_t pfn = c->base / 512;

    if (frame_types[pfn] == FT_PT4)
        sched_root_gone(pfn); /* environments that had it find out by themselves: env_root */
    else if (frames[pfn].refs && !sweep_step(t, c))
        return false;
    if (t->sweep_cap == c) /* the last links went by other means meanwhile */
        t->sweep_cap = NULL;
    page_table_end(t, pfn);
    return true;
}

static bool release_entries(struct cap *c) {
    page_table_clear(c->base / 512, c->base % 512, c->count);
    return true;
}

void slices_unbind(uint64_t first, uint64_t count, uint32_t table, uint32_t vcpu) {
    for (uint64_t i = first; i < first + count && i / EXO_SLOTS < MAX_CPUS; i++) {
        if (!percpu[i / EXO_SLOTS].info)
            return;
        struct exo_slot *slot = &percpu[i / EXO_SLOTS].info->slot[i % EXO_SLOTS];
        if (slot->vcpu && (!table || slot->table == table) && (!vcpu || slot->vcpu == vcpu))
            *slot = (struct exo_slot){0};
    }
    sched_look_again();
}

static void give_back(uint32_t pfn, uint32_t n) {
    for (uint32_t i = pfn; i < pfn + n; i++)
        frame_set_type(i, FT_USER);
}

static bool release_env(struct cap *c) {
    struct env *env = frame_at(c->base);
    uint32_t n = env->frames;

    if (!(c->flags & CAP_OBJECT))
        return true;
    if (!env_end(env))
        return false;
    sched_ports_changed(env->pfn);
    give_back(c->base, n);
    return true;
}

static bool release_vcpu(struct table *t, struct cap *c) {
    uint32_t pfn = c->base / 64;
    bool object = c->flags & CAP_OBJECT;

    ((struct vcpu *)frame_at(pfn))->ring_epoch++;
    irq_unbind(object ? NULL : t, 0, IRQ_MAX, frame_at(pfn));
    slices_unbind(0, MAX_CPUS * EXO_SLOTS, object ? 0 : t->pfn, pfn);
    if (object) {
        vcpu_end(frame_at(pfn));
        give_back(pfn, 1);
    }
    return true;
}

bool cap_release(struct cap *c) {
    struct table *t = frame_at(c->table);

    switch (c->type) {
    case EXO_FRAME:
        return release_frames(t, c);
    case EXO_PTE:
        return c->flags & CAP_OBJECT ? release_page_table(t, c) : release_entries(c);
    case EXO_SLICE:
        slices_unbind(c->base, c->count, t->pfn, 0);
        return true;
    case EXO_IRQ:
        irq_unbind(t, c->base, c->count, NULL);
        return true;
    case EXO_PORT:
        t->ports_epoch++; /* its environments' bitmaps are closed before they next run: env_refresh_ports */
        sched_ports_changed(0);
        return true;
    case EXO_ENV:
        return release_env(c);
    case EXO_VCPU:
        return release_vcpu(t, c);
    default: /* EXO_TABLE: it is empty by now */
        if (c->flags & CAP_OBJECT)
            give_back(c->base, ((struct table *)frame_at(c->base))->frames);
        return true;
    }
}
