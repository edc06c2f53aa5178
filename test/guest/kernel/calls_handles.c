/* SPDX-License-Identifier: MIT */
/* Every handle argument of every call with handles that name nothing, something stale, another type or too few rights. */
#include "rt.h"

enum { NONE = -1 };

/* A call that would succeed, or at least get past this handle, with the right one in args[at]. */
struct site {
    const char *name;
    uint64_t number, args[6];
    int at;
    uint8_t type;       /* 0: any */
    uint16_t rights;
    bool zero_allowed;  /* 0 has a meaning of its own */
};

static struct {
    exo_cap_t table, frame, pte, slice, irq, port, env, vcpu;
    struct range slices, irqs, ports;
} good;

static long call(const struct site *s, exo_cap_t handle)
{
    uint64_t a[6];

    for (int i = 0; i < 6; i++)
        a[i] = i == s->at ? handle : s->args[i];
    return exo_call(s->number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void refused(const struct site *s, exo_cap_t handle, long error)
{
    snap_take();
    long got = call(s, handle);
    if (got != -error)
        FAIL("%s argument %d, handle 0x%x: %d, not %d", s->name, (int64_t)s->at, handle, got, -error);
    snap_compare(s->name);
}

static void nothing_there(const struct site *s, exo_cap_t right)
{
    const uint32_t slots[] = {1, 3, 4096, 4097, 65536, 0x7fffffff, 0xffffffff};

    if (!s->zero_allowed)
        refused(s, 0, EXO_EBADCAP);
    for (unsigned i = 0; i < sizeof slots / sizeof slots[0]; i++)
        refused(s, EXO_HANDLE(slots[i], 1), EXO_EBADCAP);
    uint32_t empty = slot_take();
    struct exo_cap_info c = inspect(empty);
    EQUAL(c.type, 0);
    for (uint32_t generation = 0; generation < 4; generation++) {
        long got = call(s, EXO_HANDLE(empty, generation));
        CHECK(got == -EXO_EBADCAP || got == -EXO_ESTALE);
    }
    const uint32_t other[] = {0, 2, EXO_HANDLE_GEN(right) + 1, 0xffffffff, 0x80000001};
    for (unsigned i = 0; i < sizeof other / sizeof other[0]; i++)
        if (other[i] != EXO_HANDLE_GEN(right))
            refused(s, EXO_HANDLE(EXO_HANDLE_SLOT(right), other[i]), EXO_ESTALE);
}

static void another_type(const struct site *s)
{
    const exo_cap_t all[] = {good.frame, good.pte, good.slice, good.irq, good.port, good.env, good.vcpu, good.table};

    for (unsigned i = 0; s->type && i < sizeof all / sizeof all[0]; i++)
        if (i + 1 != s->type)
            refused(s, all[i], EXO_ETYPE);
}

/* Each right that the call needs is left out in turn. */
static void fewer_rights(const struct site *s, exo_cap_t right)
{
    struct exo_cap_info c = inspect(EXO_HANDLE_SLOT(right));

    for (uint16_t bit = 1; bit <= EXO_R_CONTROL; bit <<= 1) {
        if (!(s->rights & bit))
            continue;
        long weak = exo_cap_derive(right, c.base, c.count, c.rights & ~bit, OWN, slot_take());
        CHECK(weak > 0);
        refused(s, weak, EXO_EPERM);
        /* the one with all the others: dropping a weak copy of a PTE capability clears entries, so revoke goes last */
    }
}

static exo_cap_t right_handle(const struct site *s)
{
    const exo_cap_t by_type[] = {good.frame, good.frame, good.pte, good.slice, good.irq, good.port, good.env, good.vcpu, good.table};

    return by_type[s->type];
}

static void set_up(void)
{
    good.slices = find_cap(EXO_SLICE, 0, EXO_R_BIND);
    good.irqs = find_cap(EXO_IRQ, 0, EXO_R_BIND);
    good.ports = find_cap(EXO_PORT, 0x70, EXO_R_BIND);
    good.frame = mem.handle;
    good.pte = window.pt1;
    good.slice = good.slices.handle;
    good.irq = good.irqs.handle;
    good.port = good.ports.handle;
    good.env = make_arg(EXO_CREATE(EXO_KIND_ENV, 3), frame_take(3), 0);
    good.vcpu = make_arg(EXO_CREATE(EXO_KIND_VCPU, 1), frame_take(1), good.env);
    good.table = make(EXO_KIND_TABLE, frame_take(1));
}

/* What a failed call leaves alone includes the capabilities that this made of roots. */
static void clean_up(void)
{
    EQUAL(revoke(good.slices.handle), 0);
    EQUAL(revoke(good.irqs.handle), 0);
    EQUAL(revoke(good.ports.handle), 0);
    roots_restore();
}

static void try_site(const struct site *s)
{
    exo_cap_t right = right_handle(s);

    nothing_there(s, right);
    another_type(s);
    fewer_rights(s, right);
}

TEST(handles_derive_revoke_drop)
{
    set_up();
    const struct site sites[] = {
        {"cap_derive", EXO_CALL_cap_derive, {0, mem.base, 1, EXO_R_READ, 0, slot_take()}, 0, 0, 0, false},
        {"cap_derive", EXO_CALL_cap_derive, {mem.handle, mem.base, 1, EXO_R_READ, 0, 100}, 4, EXO_TABLE, EXO_R_WRITE, true},
        {"cap_revoke", EXO_CALL_cap_revoke, {0}, 0, 0, 0, false},
        {"cap_drop", EXO_CALL_cap_drop, {0, mem.handle}, 0, EXO_TABLE, EXO_R_WRITE, true},
        {"cap_drop", EXO_CALL_cap_drop, {0, 0}, 1, 0, 0, false},
        {"cap_inspect", EXO_CALL_cap_inspect, {0, 5, 0}, 0, EXO_TABLE, EXO_R_READ, true},
    };
    for (unsigned i = 0; i < sizeof sites / sizeof sites[0]; i++)
        try_site(&sites[i]);
    clean_up();
}

TEST(handles_create)
{
    set_up();
    uint64_t pfn = frame_take(1), slot = slot_take();
    const struct site sites[] = {
        {"create table", EXO_CALL_create, {0, mem.handle, pfn, EXO_CREATE(EXO_KIND_PT1, 1), slot, 0}, 0, EXO_TABLE, EXO_R_WRITE, true},
        {"create frames", EXO_CALL_create, {0, 0, pfn, EXO_CREATE(EXO_KIND_PT1, 1), slot, 0}, 1, EXO_FRAME, EXO_R_RETYPE, false},
        {"create env", EXO_CALL_create, {0, mem.handle, pfn, EXO_CREATE(EXO_KIND_ENV, 1), slot, 0}, 5, EXO_TABLE, EXO_R_WRITE, true},
        {"create vcpu", EXO_CALL_create, {0, mem.handle, pfn, EXO_CREATE(EXO_KIND_VCPU, 1), slot, 0}, 5, EXO_ENV, EXO_R_CONTROL, false},
    };
    for (unsigned i = 0; i < sizeof sites / sizeof sites[0]; i++)
        try_site(&sites[i]);
    clean_up();
}

TEST(handles_pte_update)
{
    set_up();
    static struct exo_pte e;
    const struct site acting = {"pte_update table", EXO_CALL_pte_update, {0, (uint64_t)&e, 1, 0}, 0, EXO_TABLE, EXO_R_WRITE, true};
    e = (struct exo_pte){window.pt1, mem.handle, LEAF(frame_take(1), EXO_NX), 0, EXO_PTE_SET};
    try_site(&acting);
    const exo_cap_t bad[] = {0, EXO_HANDLE(1, 1), EXO_HANDLE(4096, 1), EXO_HANDLE(0xffffffff, 1)};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        REFUSED(EXO_EBADCAP, pte(bad[i], 1, mem.handle, e.value));
        REFUSED(EXO_EBADCAP, pte(window.pt1, 1, bad[i], e.value));
    }
    REFUSED(EXO_ESTALE, pte(window.pt1 + (1ul << 32), 1, mem.handle, e.value));
    REFUSED(EXO_ESTALE, pte(window.pt1, 1, mem.handle + (1ul << 32), e.value));
    REFUSED(EXO_ETYPE, pte(mem.handle, 1, mem.handle, e.value));
    REFUSED(EXO_ETYPE, pte(window.pt1, 1, window.pt2, e.value));
    REFUSED(EXO_ETYPE, pte(window.pt2, 1, mem.handle, LINK(window.pt1_pfn, EXO_W)));
    long weak = exo_cap_derive(window.pt1, window.pt1_pfn * 512, 512, EXO_R_ALL & ~EXO_R_WRITE, OWN, slot_take());
    REFUSED(EXO_EPERM, pte(weak, 1, mem.handle, e.value));
    REFUSED(EXO_EPERM, pte(weak, 1, 0, 0));
    REFUSED(EXO_EPERM, pte(window.pt2, 1, weak, LINK(window.pt1_pfn, 0)));
    clean_up();
}

TEST(handles_env_vcpu)
{
    set_up();
    static struct exo_vcpu_config config;
    static struct exo_vcpu_state state;
    uint64_t c = (uint64_t)&config, s = (uint64_t)&state;
    config = (struct exo_vcpu_config){0x400000, 0x400000, 0x400000, 0x500000, 0x500000, mem.handle, frame_take(1)};
    const struct site sites[] = {
        {"env_set env", EXO_CALL_env_set, {0, EXO_ENV_ROOT, BOOT(ROOT), 0}, 0, EXO_ENV, EXO_R_CONTROL, false},
        {"env_set root", EXO_CALL_env_set, {good.env, EXO_ENV_ROOT, 0, 0}, 2, EXO_PTE, EXO_R_WRITE, false},
        {"env_set keeper", EXO_CALL_env_set, {good.env, EXO_ENV_KEEPER, 0, 9}, 2, EXO_VCPU, EXO_R_RING, true},
        {"vcpu_config", EXO_CALL_vcpu_config, {0, c}, 0, EXO_VCPU, EXO_R_CONTROL, false},
        {"vcpu_control", EXO_CALL_vcpu_control, {0, EXO_VCPU_GET, s}, 0, EXO_VCPU, EXO_R_CONTROL, false},
        {"yield", EXO_CALL_yield, {0, 0, 0}, 0, EXO_VCPU, EXO_R_YIELD, true},
        {"doorbell", EXO_CALL_doorbell, {0, 1 << 9}, 0, EXO_VCPU, EXO_R_RING, false},
    };
    for (unsigned i = 0; i < sizeof sites / sizeof sites[0]; i++)
        try_site(&sites[i]);
    const struct { exo_cap_t handle; long error; } pages[] = {
        {0, EXO_EBADCAP}, {mem.handle + (1ul << 32), EXO_ESTALE}, {window.pt1, EXO_ETYPE},
        {exo_cap_derive(mem.handle, config.page_pfn, 1, EXO_R_READ, OWN, slot_take()), EXO_EPERM},
    };
    for (unsigned i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        config.page_frame = pages[i].handle;
        REFUSED(pages[i].error, exo_vcpu_config(good.vcpu, &config));
    }
    clean_up();
}

TEST(handles_slice_irq_port)
{
    set_up();
    const struct site sites[] = {
        {"slice_bind slices", EXO_CALL_slice_bind, {0, 1, 1, good.vcpu, 0}, 0, EXO_SLICE, EXO_R_BIND, false},
        {"slice_bind vcpu", EXO_CALL_slice_bind, {good.slice, 1, 1, 0, 0}, 3, EXO_VCPU, EXO_R_BIND, true},
        {"irq_bind irqs", EXO_CALL_irq_bind, {0, 8, good.vcpu, 9, 0}, 0, EXO_IRQ, EXO_R_BIND, false},
        {"irq_bind vcpu", EXO_CALL_irq_bind, {good.irq, 8, 0, 9, 0}, 2, EXO_VCPU, EXO_R_RING, true},
        {"irq_ack", EXO_CALL_irq_ack, {0, 8}, 0, EXO_IRQ, EXO_R_BIND, false},
        {"port_enable ports", EXO_CALL_port_enable, {0, 0x70, 2, good.env, 1}, 0, EXO_PORT, EXO_R_BIND, false},
        {"port_enable env", EXO_CALL_port_enable, {good.port, 0x70, 2, 0, 1}, 3, EXO_ENV, EXO_R_CONTROL, false},
    };
    for (unsigned i = 0; i < sizeof sites / sizeof sites[0]; i++)
        try_site(&sites[i]);
    clean_up();
}
