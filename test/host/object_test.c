/* SPDX-License-Identifier: MIT */
/* Environments and vCPUs: what belongs to them, and what goes with them. */
#include "kit.h"

#include "audit.h"
#include "event.h"
#include "sched.h"

enum { ENV = 300, VCPU = 310, PAGE_AT = 600, SLOT = 100 };

static exo_cap_t env, vcpu[3];
static struct exo_vcpu_config config = {.stack = 16, .nested_stack = 16, .page_frame = H(SLOT_RAM)};

/* An environment with an I/O bitmap, and three vCPUs. */
static void start(void) {
    machine_start(2);
    env = create(EXO_KIND_ENV, 3, ENV, SLOT, 0);
    for (int i = 0; i < 3; i++)
        vcpu[i] = create(EXO_KIND_VCPU, 1, VCPU + i, SLOT + 1 + i, env);
}

static long give_page(int i, uint64_t pfn) {
    config.page_pfn = pfn;
    long result = sys_vcpu_config(vcpu[i], &config);
    machine_settle();
    audit();
    return result;
}

static void shared_pages(void) {
    start();
    EQUAL(give_page(0, PAGE_AT), 0);
    EQUAL(give_page(1, PAGE_AT), -EXO_EBUSY);
    EQUAL(give_page(0, PAGE_AT), 0);
    EQUAL(make_object(0, H(SLOT_RAM), PAGE_AT, EXO_CREATE(EXO_KIND_PT1, 1), SLOT + 10, 0), -EXO_EBUSY);
    EQUAL(give_page(0, PAGE_AT + 1), 0);
    EQUAL(frames[PAGE_AT].pinned, 0);
    EQUAL(give_page(1, PAGE_AT), 0);
    EQUAL(give_page(2, VCPU), -EXO_EFRAME);
    EQUAL(give_page(2, AT_TABLE), -EXO_ERANGE);
    EQUAL(drop_all(0, vcpu[1]), 0);
    EQUAL(frames[PAGE_AT].pinned, 0);
    EQUAL(give_page(2, PAGE_AT), 0);
    EQUAL(drop_all(0, env), 0);
    EQUAL(frames[PAGE_AT].pinned + frames[PAGE_AT + 1].pinned, 0);
    EQUAL(give_page(2, PAGE_AT), -EXO_EDEAD);
}

/* The list of vCPUs survives any order of their ends. */
static void order_of_ends(void) {
    static const int orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}};
    struct env *e = frame_at(ENV);

    start();
    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < 3; k++) {
            EQUAL(drop_all(0, vcpu[orders[i][k]]), 0);
            audit();
        }
        EQUAL(e->vcpus, 0);
        for (int k = 0; k < 3; k++)
            vcpu[k] = create(EXO_KIND_VCPU, 1, VCPU + k, SLOT + 1 + k, env);
    }
}

static void interrupts(void) {
    start();
    EQUAL(give_page(0, PAGE_AT), 0);
    EQUAL(sys_irq_ack(H(SLOT_IRQS), 5), -EXO_EBUSY);
    EQUAL(sys_irq_bind(H(SLOT_IRQS), 5, vcpu[0], EXO_EV_FIRST_BELL - 1, 0), -EXO_EINVAL);
    EQUAL(sys_irq_bind(H(SLOT_IRQS), 5, vcpu[0], 64, 0), -EXO_ERANGE);
    EQUAL(sys_irq_bind(H(SLOT_IRQS), IRQS, vcpu[0], 9, 0), -EXO_ERANGE);
    EQUAL(sys_irq_bind(H(SLOT_IRQS), 5, vcpu[0], 9, 4), -EXO_EINVAL);
    EQUAL(sys_irq_bind(H(SLOT_IRQS), 5, vcpu[0], 9, 0), 0);
    EQUAL(irq_masked[5], 0);
    irq_fired(5);
    EQUAL(irq_masked[5], 1); /* until its holder has seen it */
    EQUAL(((struct vcpu *)frame_at(VCPU))->page->pending, 1ul << 9);
    EQUAL(sys_irq_ack(H(SLOT_IRQS), 5), 0);
    EQUAL(irq_masked[5], 0);
    EQUAL(drop_all(0, vcpu[0]), 0);
    EQUAL(irq_masked[5], 1);
    EQUAL(sys_irq_ack(H(SLOT_IRQS), 5), -EXO_EBUSY);
    exo_cap_t some = derive(H(SLOT_IRQS), 4, 3, EXO_R_BIND, 0, SLOT + 10);
    EQUAL(sys_irq_bind(some, 6, vcpu[1], 9, 0), 0);
    EQUAL(drop_all(0, some), 0);
    EQUAL(irq_masked[6], 1);
    EQUAL(sys_irq_ack(H(SLOT_IRQS), 6), -EXO_EBUSY);
}

static void doorbells(void) {
    start();
    EQUAL(give_page(0, PAGE_AT), 0);
    exo_cap_t two = derive(vcpu[0], VCPU * 64 + 10, 2, EXO_R_RING, 0, SLOT + 10);
    exo_cap_t low = derive(vcpu[0], VCPU * 64, 10, EXO_R_RING, 0, SLOT + 11);
    EQUAL(sys_doorbell(two, 1ul << 9), -EXO_ERANGE);
    EQUAL(sys_doorbell(two, 1ul << 12), -EXO_ERANGE);
    EQUAL(sys_doorbell(two, 0), -EXO_ERANGE);
    EQUAL(sys_doorbell(two, 3ul << 10), 0);
    EQUAL(sys_doorbell(low, 1ul << (EXO_EV_FIRST_BELL - 1)), -EXO_ERANGE);
    EQUAL(sys_doorbell(low, 1ul << EXO_EV_FIRST_BELL), 0);
    EQUAL(sys_doorbell(vcpu[0], 1ul << 63), 0);
    EQUAL(((struct vcpu *)frame_at(VCPU))->page->pending, 3ul << 10 | 1ul << EXO_EV_FIRST_BELL | 1ul << 63);
    EQUAL(sys_doorbell(vcpu[1], 1ul << 9), 0); /* it has no page: nobody hears it */
    EQUAL(revoke_all(vcpu[0]), 0);
    EQUAL(sys_doorbell(two, 1ul << 10), -EXO_ESTALE);
}

static bool open_port(unsigned port) {
    return !(env_bitmap(frame_at(ENV))[port / 8] >> port % 8 & 1);
}

/* Exactly the ports that were named, at any alignment. */
static void port_bitmap(void) {
    static const struct { unsigned first, count; } spans[] = {
        {0, 1}, {7, 1}, {7, 2}, {8, 8}, {3, 20}, {0x3f8, 8}, {0x3f9, 14}, {0, PORTS}, {PORTS - 1, 1},
    };

    start();
    for (unsigned i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        EQUAL(sys_port_enable(H(SLOT_PORTS), spans[i].first, spans[i].count, env, 1), 0);
        for (unsigned port = 0; port < 65536; port++)
            EQUAL(open_port(port), port - spans[i].first < spans[i].count);
        EQUAL(sys_port_enable(H(SLOT_PORTS), spans[i].first, spans[i].count, env, 0), 0);
        for (unsigned port = 0; port < 65536; port++)
            EQUAL(open_port(port), 0);
    }
    exo_cap_t small = create(EXO_KIND_ENV, 1, ENV + 5, SLOT + 10, 0);
    EQUAL(sys_port_enable(H(SLOT_PORTS), 0, 1, small, 1), -EXO_EBUSY);
    EQUAL(sys_port_enable(H(SLOT_PORTS), PORTS, 1, env, 1), -EXO_ERANGE);
    EQUAL(sys_port_enable(H(SLOT_PORTS), 0, 1, env, 2), -EXO_EINVAL);
}

/* What a vCPU may be set to: nothing of ring 0's. */
static void registers(void) {
    struct exo_vcpu_state s = {.regs = {.rip = 0x1000, .cs = 8, .ss = 0x10, .rflags = ~0ul}};
    const struct vcpu *v = frame_at(VCPU);

    start();
    EQUAL(sys_vcpu_control(vcpu[0], EXO_VCPU_START, NULL), -EXO_EDEAD); /* without a page */
    EQUAL(sys_vcpu_control(vcpu[0], EXO_VCPU_SET, &s), 0);
    EQUAL(v->regs.cs, EXO_USER_CS);
    EQUAL(v->regs.ss, EXO_USER_SS);
    EQUAL(v->regs.rflags & (3 << 12 | 1 << 14 | 1 << 17 | 1 << 19 | 1 << 20), 0); /* IOPL NT VM VIF VIP */
    EQUAL(v->regs.rflags & (1 << 9 | 2), 1 << 9 | 2);
    s.regs.rip = EXO_USER_END;
    EQUAL(sys_vcpu_control(vcpu[0], EXO_VCPU_SET, &s), -EXO_EINVAL);
    s.regs.rip = 0x1000;
    s.fs_base = 1ul << 63;
    EQUAL(sys_vcpu_control(vcpu[0], EXO_VCPU_SET, &s), -EXO_EINVAL);
    EQUAL(sys_vcpu_control(vcpu[0], EXO_VCPU_SET, BAD_POINTER), -EXO_EFAULT);
    EQUAL(sys_vcpu_control(vcpu[0], 9, &s), -EXO_EINVAL);
    EQUAL(give_page(0, PAGE_AT), 0);
    EQUAL(sys_vcpu_control(vcpu[0], EXO_VCPU_START, NULL), 0);
    EQUAL(sys_vcpu_control(vcpu[0], EXO_VCPU_GET, &s), -EXO_EBUSY);
    EQUAL(sys_vcpu_control(vcpu[0], EXO_VCPU_STOP, NULL), 0);
    EQUAL(sys_vcpu_control(vcpu[0], EXO_VCPU_GET, &s), 0);
    EQUAL(s.status, EXO_VCPU_IS_STOPPED);
}

/* A fault for good is told to the keeper; without one, the environment stops. */
static void keepers(void) {
    struct env *e = frame_at(ENV);
    struct vcpu *v = frame_at(VCPU), *keeper = frame_at(VCPU + 1);

    start();
    EQUAL(give_page(1, PAGE_AT), 0);
    exo_cap_t bell = derive(vcpu[1], (VCPU + 1) * 64 + 12, 1, EXO_R_RING, 0, SLOT + 12);
    EQUAL(sys_env_set(env, EXO_ENV_KEEPER, bell, 11), -EXO_ERANGE);
    EQUAL(sys_env_set(env, EXO_ENV_KEEPER, vcpu[1], EXO_EV_FIRST_BELL - 1), -EXO_EINVAL);
    EQUAL(sys_env_set(env, EXO_ENV_KEEPER, vcpu[1], 64), -EXO_ERANGE);
    EQUAL(sys_env_set(env, EXO_ENV_KEEPER, bell, 12), 0);
    vcpu_fault(v);
    EQUAL(v->state, VCPU_FAULTED);
    EQUAL(keeper->page->pending, 1ul << 12);
    EQUAL(e->stopped, false);
    EQUAL(sys_env_set(env, EXO_ENV_KEEPER, 0, 0), 0);
    vcpu_fault(v);
    EQUAL(e->stopped, true);
}

/* A root is a whole page table of level 4, of the environment's own table. */
static void roots(void) {
    enum { ROOT = 320, OTHER = 330 };

    start();
    exo_cap_t root = create(EXO_KIND_PT4, 1, ROOT, SLOT + 10, 0), pt3 = create(EXO_KIND_PT3, 1, ROOT + 1, SLOT + 11, 0);
    exo_cap_t part = derive(root, ROOT * 512, 511, EXO_R_ALL, 0, SLOT + 12), look = derive(root, ROOT * 512, 512, EXO_R_READ, 0, SLOT + 13);
    EQUAL(sys_env_set(env, EXO_ENV_ROOT, pt3, 0), -EXO_EINVAL);
    EQUAL(sys_env_set(env, EXO_ENV_ROOT, part, 0), -EXO_ERANGE);
    EQUAL(sys_env_set(env, EXO_ENV_ROOT, look, 0), -EXO_EPERM);
    EQUAL(sys_env_set(env, EXO_ENV_ROOT, H(SLOT_RAM), 0), -EXO_ETYPE);
    EQUAL(sys_env_set(env, 9, root, 0), -EXO_EINVAL);
    exo_cap_t other = create(EXO_KIND_TABLE, 1, OTHER, SLOT + 14, 0);
    exo_cap_t foreign = derive(root, ROOT * 512, 512, EXO_R_ALL, other, 4);
    exo_cap_t its_env = create(EXO_KIND_ENV, 1, OTHER + 1, SLOT + 15, other);
    EQUAL(sys_env_set(its_env, EXO_ENV_ROOT, foreign, 0), -EXO_EINVAL);
    EQUAL(sys_env_set(env, EXO_ENV_ROOT, root, 0), 0);
    EQUAL(sys_env_set(env, EXO_ENV_ROOT, root, 0), 0);
    EQUAL(frames[ROOT].refs, 1);
    audit();
}

/* A table that loses slots takes back what it bound itself, and nothing that another has bound since. */
static void slots_of_two_tables(void) {
    enum { OTHER = 330 };
    const struct exo_slot *slot;

    start();
    slot = percpu[0].info->slot;
    exo_cap_t other = create(EXO_KIND_TABLE, 1, OTHER, SLOT + 10, 0);
    exo_cap_t some = derive(H(SLOT_SLICES), 10, 10, EXO_R_BIND, 0, SLOT + 11);
    derive(H(SLOT_SLICES), 15, 10, EXO_R_BIND, other, 4);
    derive(vcpu[1], VCPU * 64 + 64, 64, EXO_R_BIND, other, 5);
    EQUAL(sys_slice_bind(some, 10, 10, vcpu[0], 1), 0);
    act_as(frame_at(OTHER));
    EQUAL(sys_slice_bind(H(4), 15, 11, H(5), 2), -EXO_ERANGE);
    EQUAL(sys_slice_bind(H(4), 15, 10, H(5), 2), 0);
    act_as(first_table());
    EQUAL(drop_all(0, some), 0);
    for (int i = 10; i < 25; i++)
        EQUAL(slot[i].vcpu, i < 15 ? 0 : VCPU + 1);
    EQUAL(slot[9].vcpu, AT_VCPU);
    EQUAL(drop_all(0, vcpu[0]), 0);
    EQUAL(revoke_all(vcpu[1]), 0); /* the other table loses it */
    for (int i = 10; i < 25; i++)
        EQUAL(slot[i].vcpu, 0);
    audit();
}

TESTS({"shared pages", shared_pages}, {"order of ends", order_of_ends}, {"interrupts", interrupts}, {"doorbells", doorbells},
      {"port bitmap", port_bitmap}, {"registers", registers}, {"roots", roots}, {"keepers", keepers},
      {"slots of two tables", slots_of_two_tables})
