/* SPDX-License-Identifier: MIT */
/* The scheduler over simulated time: who gets how much, yields, grace and debts. The vCPUs are configured and run user code
 * only in so far as time passes. */
#include "kit.h"

#include <string.h>

#include "event.h"
#include "sched.h"

enum { VCPUS = 3, ENV_AT = 200, VCPU_AT = 210, PAGE_AT = 600, SLOT = SLOT_FREE, TICKS = 1000, GRACE = 50, TURN = EXO_SLOTS * TICKS };

static struct exo_regs regs;
static uint64_t ran[VCPUS];

static struct vcpu *vcpu(int i) {
    return frame_at(VCPU_AT + i);
}

static exo_cap_t handle(int i) {
    return H(SLOT + 1 + i);
}

/* One environment with some vCPUs, ready, which own the slots of `owner` (a letter each, '.' for nobody, repeated). */
static void start(const char *owner) {
    struct exo_vcpu_config config = {.stack = 16, .nested_stack = 16, .entry = 0x1000, .page_frame = H(SLOT_RAM)};

    machine_start(2);
    exo_cap_t env = create(EXO_KIND_ENV, 1, ENV_AT, SLOT, 0);
    EQUAL(sys_env_set(env, EXO_ENV_ROOT, H(EXO_BOOT_ROOT), 0), 0);
    for (int i = 0; i < VCPUS; i++) {
        create(EXO_KIND_VCPU, 1, VCPU_AT + i, SLOT + 1 + i, env);
        config.page_pfn = PAGE_AT + i;
        EQUAL(sys_vcpu_config(handle(i), &config), 0);
        machine_settle();
        memset(vcpu(i)->page, 0, 4096);
        EQUAL(sys_vcpu_control(handle(i), EXO_VCPU_START, NULL), 0);
    }
    for (unsigned s = 0; s < EXO_SLOTS; s++) {
        char c = owner[s % strlen(owner)];
        EQUAL(sys_slice_bind(H(SLOT_SLICES), s, 1, c == '.' ? 0 : handle(c - 'a'), 0), 0);
    }
    EQUAL(sys_vcpu_control(H(EXO_BOOT_VCPU), EXO_VCPU_STOP, NULL), 0);
    machine_now = percpu[0].info->slot_base = 1000000;
    percpu[0].work = WORK_LOOK;
    sched_exit(&regs);
}

static int running(void) {
    return (int)(percpu[0].vcpu->pfn - VCPU_AT);
}

/* User code runs for `ticks`; the timer interrupts it. With grace, it keeps the CPU until it is stopped by force, unless
 * `polite`: then it yields as soon as it is told. */
static void run(uint64_t ticks, bool polite) {
    for (uint64_t end = machine_now + ticks; machine_now < end;) {
        uint64_t until = machine_timer && machine_timer < end ? machine_timer : end, begin = machine_now;
        struct vcpu *v = percpu[0].vcpu;
        machine_now = until > begin ? until : begin;
        ran[running()] += machine_now - begin;
        sched_exit(&regs);
        if (polite && percpu[0].vcpu == v && (v->page->pending & 1ul << EXO_EV_SLICE_END)) {
            v->page->pending = 0;
            sched_yield(NULL);
            sched_exit(&regs);
        }
        if (percpu[0].vcpu->page)
            percpu[0].vcpu->page->mask = 0;
    }
}

static void near(uint64_t actual, uint64_t expected, uint64_t by) {
    if (actual + by < expected || actual > expected + by)
        FAIL("%lu ticks, not %lu by more than %lu", actual, expected, by);
}

/* Everybody wants to run: the share of slots is the share of time. */
static void shares(void) {
    start("aaabbbbc");
    run(10 * TURN, true);
    near(ran[0], 10 * TURN * 3 / 8, 10);
    near(ran[1], 10 * TURN * 4 / 8, 10);
    near(ran[2], 10 * TURN * 1 / 8, 10);
}

/* Who overruns into its grace pays with its next slots. */
static void grace_is_paid(void) {
    start("ab");
    run(20 * TURN, false);
    near(ran[0], 10 * TURN, 200);
    near(ran[1], 10 * TURN, 200);
    CHECK(percpu[0].info->forced_stops > 0);
    CHECK(vcpu(0)->debt <= GRACE + 10 && vcpu(1)->debt <= GRACE + 10);
}

/* The polite one does not lose to the one that always overruns. */
static void overrunning_wins_nothing(void) {
    start("aaaaaaab");
    for (int i = 0; i < 400; i++)
        run(TICKS, running() == 1);
    near(ran[1], 400 * TICKS / 8, 400 * TICKS / 80);
}

/* A slot that nobody uses goes to the next of the vector that can run. */
static void idle_slots_are_donated(void) {
    start("ab");
    EQUAL(sys_vcpu_control(handle(0), EXO_VCPU_STOP, NULL), 0);
    sched_exit(&regs);
    ran[0] = ran[1] = 0;
    run(4 * TURN, true);
    EQUAL(ran[0], 0);
    near(ran[1], 4 * TURN, 10);
    EQUAL(sys_vcpu_control(handle(0), EXO_VCPU_START, NULL), 0);
    run(TICKS, true); /* it is back at its next slot */
    ran[0] = ran[1] = 0;
    run(4 * TURN, true);
    near(ran[0], 2 * TURN, TICKS);
}

/* Free slots too. */
static void unbound_slots(void) {
    start("a...");
    run(2 * TURN, true);
    near(ran[0], 2 * TURN, 10);
    EQUAL(ran[1], 0);
}

/* The rest of the slice goes to the target, and no more than that. */
static void directed_yield(void) {
    start("ac");
    while (running() != 0)
        run(TICKS, true);
    run(100, true);
    uint64_t end = percpu[0].slice_end;
    EQUAL(sys_yield(handle(1), 0, 0), 0);
    sched_exit(&regs);
    EQUAL(running(), 1);
    EQUAL(percpu[0].slice_end, end);
    run(end - machine_now, true);
    CHECK(running() != 1);
    machine_now = percpu[0].slice_end; /* nothing is left to give */
    EQUAL(sys_yield(handle(1), 0, 0), 0);
    sched_exit(&regs);
    CHECK(running() != 1);
    EQUAL(sys_vcpu_control(handle(1), EXO_VCPU_STOP, NULL), 0);
    EQUAL(sys_yield(handle(1), 0, 0), -EXO_EBUSY);
    EQUAL(sys_yield(handle(running()), 0, 0), -EXO_EBUSY);
}

/* A waiting vCPU runs again at its own slot after wake_at; when the CPU is idle, exactly then. */
static void wake_ups(void) {
    start("ab");
    EQUAL(sys_vcpu_control(handle(1 - running()), EXO_VCPU_STOP, NULL), 0);
    int me = running();
    uint64_t wake = machine_now + 12345;
    EQUAL(sys_yield(0, EXO_YIELD_WAIT, wake), 0);
    sched_exit(&regs); /* idles until then */
    EQUAL(running(), me);
    near(machine_now, wake, 0);
    vcpu(me)->page->enabled = 1ul << 9;
    EQUAL(sys_doorbell(handle(me), 1ul << 9), 0);
    EQUAL(sys_yield(0, EXO_YIELD_WAIT, 0), 0); /* it is there already: no wait */
    EQUAL(vcpu(me)->state, VCPU_READY);
}

/* The one-shot timer fires once, as a pending bit. */
static void timer(void) {
    start("a");
    vcpu(0)->page->enabled = 0;
    EQUAL(sys_timer(machine_now + 5000), 0);
    run(4000, true);
    EQUAL(vcpu(0)->page->pending & 1ul << EXO_EV_TIMER, 0);
    run(1500, true);
    CHECK(vcpu(0)->page->pending & 1ul << EXO_EV_TIMER);
    vcpu(0)->page->pending = 0;
    run(2 * TURN, true);
    EQUAL(vcpu(0)->page->pending & 1ul << EXO_EV_TIMER, 0);
}

/* An enabled event enters the libOS once, masked; a fault while masked nests; a third one stops the vCPU. */
static void upcalls(void) {
    start("a");
    struct exo_vcpu_page *page = vcpu(0)->page;
    page->enabled = 1ul << 9;
    page->mask = page->pending = 0;
    regs.rip = 0x4242;
    EQUAL(sys_doorbell(handle(0), 1ul << 9), 0);
    sched_exit(&regs);
    EQUAL(regs.rip, 0x1000);
    EQUAL(regs.rdi, EXO_UP_EVENT);
    EQUAL(page->save[0].rip, 0x4242);
    EQUAL(page->mask, 1);
    EQUAL(sys_doorbell(handle(0), 1ul << 10), 0);
    sched_exit(&regs);
    EQUAL(page->save[0].rip, 0x4242);
    upcall_fault(&regs, 14, 0x5000);
    EQUAL(page->mask, 2);
    EQUAL(page->fault_addr[1], 0x5000);
    upcall_fault(&regs, 14, 0x6000);
    EQUAL(vcpu(0)->state, VCPU_FAULTED);
    EQUAL(page->fault_addr[1], 0x5000);
}

/* Whoever runs may end, stop or lose its address space in the middle: the next one runs, with its own. */
static void running_one_ends(void) {
    start("ab");
    int me = running();
    EQUAL(sys_yield(handle(1 - me), 0, 0), 0);
    EQUAL(drop_all(0, handle(1 - me)), 0); /* whom it would have gone to */
    sched_exit(&regs);
    EQUAL(running(), me);
    vcpu(2)->state = VCPU_READY;
    EQUAL(sys_slice_bind(H(SLOT_SLICES), 0, EXO_SLOTS, handle(2), 0), 0);
    percpu[0].vcpu = vcpu(me);
    vcpu_end(vcpu(me)); /* as when its environment is revoked */
    CHECK(!percpu[0].vcpu);
    sched_exit(&regs);
    EQUAL(running(), 2);
    EQUAL(machine_cr3, AT_ROOT * 4096ul);
    sched_root_gone(AT_ROOT);
    CHECK(machine_cr3 != AT_ROOT * 4096ul);
    sched_exit(&regs);
    EQUAL(machine_cr3, AT_ROOT * 4096ul);
}

/* The ports of an environment are in force while it runs, and only then. */
static void ports_follow(void) {
    start("a");
    exo_cap_t env = create(EXO_KIND_ENV, 3, ENV_AT + 20, SLOT + 10, 0), ports = derive(H(SLOT_PORTS), 8, 8, EXO_R_BIND, 0, SLOT + 11);
    exo_cap_t v = create(EXO_KIND_VCPU, 1, ENV_AT + 23, SLOT + 12, env);
    struct exo_vcpu_config config = {.stack = 16, .nested_stack = 16, .page_frame = H(SLOT_RAM), .page_pfn = PAGE_AT + 10};
    EQUAL(sys_env_set(env, EXO_ENV_ROOT, H(EXO_BOOT_ROOT), 0), 0);
    EQUAL(sys_vcpu_config(v, &config), 0);
    machine_settle();
    EQUAL(sys_vcpu_control(v, EXO_VCPU_START, NULL), 0);
    EQUAL(sys_port_enable(ports, 8, 8, env, 1), 0);
    EQUAL(machine_ports, 0);
    EQUAL(sys_slice_bind(H(SLOT_SLICES), 0, EXO_SLOTS, v, 0), 0);
    EQUAL(sys_vcpu_control(handle(0), EXO_VCPU_STOP, NULL), 0);
    sched_exit(&regs);
    EQUAL(machine_ports, 8);
    EQUAL(drop_all(0, ports), 0);
    sched_exit(&regs);
    EQUAL(machine_ports, 0);
}

TESTS({"shares", shares}, {"grace is paid", grace_is_paid}, {"overrunning wins nothing", overrunning_wins_nothing},
      {"idle slots are donated", idle_slots_are_donated}, {"unbound slots", unbound_slots}, {"directed yield", directed_yield},
      {"wake-ups", wake_ups}, {"timer", timer}, {"upcalls", upcalls}, {"running one ends", running_one_ends},
      {"ports follow", ports_follow})
