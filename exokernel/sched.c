/* SPDX-License-Identifier: MIT */
#include "sched.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/gdt.h"
#include "event.h"
#include "frame.h"
#include "info.h"
#include "lib.h"
#include "percpu.h"
#include "pte.h"
#include "slice.h"

/* Stands in for the page of a vCPU without one: masked and nested, so that any event is a fault for good. */
static struct exo_vcpu_page no_page = {.mask = 2};

void sched_look_again(void) {
    this_cpu()->work |= WORK_LOOK;
}

void sched_yield(struct vcpu *target) {
    this_cpu()->yield_to = target ? target->pfn : 0;
    this_cpu()->work |= WORK_SWITCH;
}

/* ---- what can run ----------------------------------------------------------- */

static bool in_order(const struct vcpu *v) {
    const struct env *env = frame_at(v->env);
    return v->env && env->table && env_root(env) && !env->stopped;
}

static void expire_timer(struct vcpu *v, uint64_t now) {
    if (v->timer_at && now >= v->timer_at) {
        v->timer_at = 0;
        vcpu_ring(v, 1ul << EXO_EV_TIMER);
    }
}

bool vcpu_runnable(struct vcpu *v, uint64_t now) {
    if (!in_order(v) || (v->state != VCPU_READY && v->state != VCPU_WAITING))
        return false;
    if (v->state == VCPU_READY)
        return true;
    expire_timer(v, now);
    return vcpu_has_events(v) || (v->wake_at && now >= v->wake_at);
}

static bool can_run(uint32_t pfn, bool own, uint64_t now) {
    struct vcpu *v = frame_at(pfn);
    return vcpu_runnable(v, now) && (!own || now >= v->slot_over);
}

/* The first moment at which a waiting vCPU of the vector could become runnable by the clock; 0: never. */
static uint64_t next_wake(const struct exo_slot *slots) {
    uint64_t first = 0;

    for (uint32_t i = 0; i < EXO_SLOTS; i++) {
        const struct vcpu *v = frame_at(slots[i].vcpu);
        if (!slots[i].vcpu || v->state != VCPU_WAITING)
            continue;
        if (v->wake_at && (!first || v->wake_at < first))
            first = v->wake_at;
        if (v->timer_at && (!first || v->timer_at < first))
            first = v->timer_at;
    }
    return first;
}

/* ---- the timer ---------------------------------------------------------------- */

static void set_timer(struct percpu *cpu, uint64_t at) {
    if (at == cpu->timer)
        return;
    cpu->timer = at;
    if (at)
        timer_arm(at);
    else
        timer_stop();
}

static void set_slice_timer(struct percpu *cpu) {
    uint64_t at = cpu->grace_end ? cpu->grace_end : cpu->slice_end;

    if (cpu->vcpu->timer_at && cpu->vcpu->timer_at < at)
        at = cpu->vcpu->timer_at;
    set_timer(cpu, at);
}

/* Nothing can run: the CPU sleeps until something can. */
static void idle(struct percpu *cpu) {
    uint64_t begin = rdtsc();

    set_timer(cpu, next_wake(cpu->info->slot));
    cpu->timer = 0; /* whatever fires, it is set anew */
    wait_for_interrupt();
    cpu->info->idle_ticks += rdtsc() - begin;
}

/* ---- switching ------------------------------------------------------------------- */

static void load_root(struct percpu *cpu, uint32_t root) {
    cpu->root = root;
    write_cr3(root ? (uint64_t)root << 12 : virt_to_phys(kernel_pml4));
}

void sched_root_gone(uint32_t root) {
    struct percpu *cpu = this_cpu();

    if (cpu->root == root)
        load_root(cpu, 0);
    cpu->work |= WORK_LOOK;
}

static void load_ports(struct percpu *cpu, struct env *env) {
    uint8_t *bitmap = env_bitmap(env);

    env_refresh_ports(env);
    if (bitmap && cpu->ports_env != env->pfn) {
        tss_ports_copy(NULL, cpu->port_begin, cpu->port_end);
        tss_ports_copy(bitmap, env->port_begin, env->port_end);
        cpu->port_begin = env->port_begin;
        cpu->port_end = env->port_end;
        cpu->ports_env = env->pfn;
    }
    tss_ports_on(bitmap);
}

void sched_ports_changed(uint32_t env) {
    struct percpu *cpu = this_cpu();

    if (!env || cpu->ports_env == env) {
        cpu->ports_env = 0;
        cpu->work |= WORK_LOOK;
    }
}

static void load_upcalls(struct percpu *cpu, const struct vcpu *v) {
    cpu->page = v->page ? v->page : &no_page;
    cpu->syscall_entry = v->syscall_entry;
    cpu->stack = v->stack;
}

void sched_reload(struct vcpu *v) {
    if (this_cpu()->vcpu == v)
        load_upcalls(this_cpu(), v);
    sched_look_again();
}

static void save(struct vcpu *v, const struct exo_regs *regs) {
    v->regs = *regs;
    v->fs_base = read_fs_base();
    v->gs_base = rdmsr(MSR_KERNEL_GS_BASE);
    fpu_save(v->fpu);
}

static void load(struct percpu *cpu, struct vcpu *v, struct exo_regs *regs) {
    *regs = v->regs;
    clear_selectors();
    write_fs_base(v->fs_base);
    wrmsr(MSR_KERNEL_GS_BASE, v->gs_base);
    fpu_restore(v->fpu);
    load_upcalls(cpu, v);
    cpu->vcpu = v;
    cpu->info->switches++;
}

void sched_stop(struct vcpu *v) {
    struct percpu *cpu = this_cpu();

    if (cpu->vcpu == v)
        cpu->work |= WORK_SWITCH;
    v->state = VCPU_STOPPED;
}

void sched_forget(struct vcpu *v) {
    struct percpu *cpu = this_cpu();

    if (cpu->vcpu == v) {
        cpu->vcpu = NULL;
        cpu->page = &no_page;
        cpu->work |= WORK_SWITCH;
    }
    if (cpu->yield_to == v->pfn)
        cpu->yield_to = 0;
}

/* Time beyond the slice is taken off the next slot. */
static void debit(struct percpu *cpu, struct vcpu *v, uint64_t now) {
    if (now <= cpu->slice_end)
        return;
    v->debt += now - cpu->slice_end;
    if (v->page)
        v->page->debt = v->debt;
}

static void begin_slice(struct percpu *cpu, const struct slice_choice *choice, uint64_t now) {
    struct vcpu *v = frame_at(choice->vcpu);
    uint64_t end = choice->end;

    if (choice->own && v->debt) {
        uint64_t pay = v->debt < end - now ? v->debt : end - now;
        v->debt -= pay;
        v->slot_over = end;
        end -= pay;
    }
    cpu->slice_end = end;
    cpu->grace_end = 0;
    if (v->page) {
        v->page->slice_begin = now;
        v->page->slice_end = end;
        v->page->debt = v->debt;
    }
}

static struct slice_choice choose(struct percpu *cpu, uint64_t now, struct vcpu *last) {
    const struct slice_clock clock = {cpu->info->slot_base, slot_ticks};
    return slice_pick(&clock, cpu->info->slot, now, last ? last->pfn : 0, can_run);
}

/* A directed yield: the target runs to the end of this slice. */
static bool donate(struct percpu *cpu, uint64_t now, struct slice_choice *choice) {
    struct vcpu *target = frame_at(cpu->yield_to);

    /* That it can run was seen in this very call. */
    if (!cpu->yield_to || cpu->grace_end || now >= cpu->slice_end)
        return false;
    *choice = (struct slice_choice){target->pfn, false, cpu->slice_end};
    return true;
}

static void switch_away(struct percpu *cpu, struct exo_regs *regs, uint64_t now) {
    struct vcpu *v = cpu->vcpu, *next;
    struct slice_choice choice;

    if (!donate(cpu, now, &choice)) {
        if (v)
            debit(cpu, v, now);
        choice = choose(cpu, now, v);
    }
    cpu->yield_to = 0;
    while (!choice.vcpu) {
        idle(cpu);
        now = rdtsc();
        choice = choose(cpu, now, v);
    }
    next = frame_at(choice.vcpu);
    begin_slice(cpu, &choice, now);
    next->state = VCPU_READY;
    next->wake_at = 0;
    if (next == cpu->vcpu)
        return;
    if (cpu->vcpu)
        save(cpu->vcpu, regs);
    load(cpu, next, regs);
    vcpu_ring(next, 1ul << EXO_EV_SLICE_BEGIN);
}

/* The slice of the current vCPU is over: it goes on if the vector says so, else it gets its grace, once. */
static void slice_over(struct percpu *cpu, uint64_t now) {
    struct vcpu *v = cpu->vcpu;
    struct slice_choice choice = choose(cpu, now, NULL);

    if (choice.vcpu == v->pfn) {
        begin_slice(cpu, &choice, now);
    } else if (!cpu->grace_end && v->page) {
        cpu->grace_end = cpu->slice_end + grace_ticks;
        vcpu_ring(v, 1ul << EXO_EV_SLICE_END);
    }
    if ((cpu->grace_end || !v->page) && now >= (cpu->grace_end ? cpu->grace_end : cpu->slice_end)) {
        cpu->info->forced_stops++;
        cpu->work |= WORK_SWITCH;
    }
}

void sched_exit(struct exo_regs *regs) {
    struct percpu *cpu = this_cpu();
    uint64_t now = rdtsc();
    struct vcpu *v = cpu->vcpu;

    if (v && v->state == VCPU_READY && !(cpu->work & WORK_SWITCH)) {
        expire_timer(v, now);
        if (now >= cpu->slice_end)
            slice_over(cpu, now);
    }
    if ((cpu->work & WORK_SWITCH) || !v || v->state != VCPU_READY || !in_order(v))
        switch_away(cpu, regs, now);
    cpu->work = 0;
    v = cpu->vcpu;
    struct env *env = frame_at(v->env);
    if (env->root != cpu->root)
        load_root(cpu, env->root);
    load_ports(cpu, env);
    if (vcpu_has_events(v) && v->page->mask == 0)
        upcall(v, regs, 0, EXO_UP_EVENT, 0);
    set_slice_timer(cpu);
}

_Noreturn void sched_start(void) {
    struct exo_regs regs;

    sched_exit(&regs);
    return_to_user(&regs);
}
