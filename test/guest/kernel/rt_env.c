/* SPDX-License-Identifier: MIT */
/* Upcalls, and further environments and vCPUs. */
#include "rt.h"
#include "rt_internal.h"

static struct rt_vcpu first __attribute__((aligned(4096)));
static union {
    struct rt_vcpu v;
    char page[4096];
} child_page[CHILDREN_MAX] __attribute__((aligned(4096)));
_Static_assert(sizeof(struct rt_vcpu) <= 4096, "one page");
_Static_assert(offsetof(struct rt_vcpu, ctx) == 424 && offsetof(struct rt_vcpu, resume_rip) == 600, "start.asm");
_Static_assert(offsetof(struct rt_vcpu, catch) == 608 && offsetof(struct rt_vcpu, stack_top) == 680, "start.asm");
static char stacks[CHILDREN_MAX + 1][3][8192] __attribute__((aligned(16))); /* main, upcall, nested */
static unsigned children;

/* ---- upcalls ------------------------------------------------------------------------- */

void *memcpy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((volatile char *)to)[i] = ((const char *)from)[i];
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((volatile char *)to)[i] = byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;

    for (; n; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

static void back_to_catch(struct rt_vcpu *v, struct exo_regs *regs)
{
    regs->rbx = v->catch[0];
    regs->rbp = v->catch[1];
    regs->r12 = v->catch[2];
    regs->r13 = v->catch[3];
    regs->r14 = v->catch[4];
    regs->r15 = v->catch[5];
    regs->rsp = v->catch[6];
    regs->rip = v->catch[7];
    regs->rax = 1;
    regs->rflags = 0x202;
    v->armed = 0;
}

static void unexpected(struct rt_vcpu *v, uint64_t kind, const struct exo_regs *r, uint64_t address)
{
    if (v != &first) { /* it has no ports: its parent sees that it never ends */
        for (;;)
            exo_yield(0, EXO_YIELD_WAIT, 0);
    }
    FAIL("unexpected upcall %d, error 0x%x, address 0x%x, rip 0x%x", kind, r->error, address, r->rip);
    say("exo: verdict exit 2\n");
    power_off(2);
}

static void handle(struct rt_vcpu *v, uint64_t kind)
{
    v->upcalls++;
    if (v->hook) {
        v->hook(v, kind);
        return;
    }
    if (kind == EXO_UP_EVENT) {
        v->events |= __atomic_fetch_and(&v->page.pending, ~v->page.enabled, __ATOMIC_SEQ_CST) & v->page.enabled;
    } else if (kind == EXO_UP_SYSCALL) {
        v->foreign++;
        v->foreign_rax = v->ctx.rax;
        v->ctx.rax = -38;
    } else {
        v->fault = (struct fault){kind, v->ctx.error, v->page.fault_addr[0], v->ctx.rip};
        if (!v->armed)
            unexpected(v, kind, &v->ctx, v->page.fault_addr[0]);
        back_to_catch(v, &v->ctx);
    }
}

void rt_upcall_again(uint64_t kind, struct rt_vcpu *v)
{
    (void)v;
    handle(rt_self(), kind);
}

void rt_upcall(uint64_t kind, struct rt_vcpu *v)
{
    uint64_t rip = v->page.save[0].rip;

    if (rip < (uint64_t)rt_resume_begin || rip >= (uint64_t)rt_resume_end)
        v->ctx = v->page.save[0];
    handle(v, kind);
}

void rt_nested(uint64_t kind, struct rt_vcpu *v)
{
    struct exo_regs *r = &v->page.save[1];

    v->nested++;
    v->fault = (struct fault){kind, r->error, v->page.fault_addr[1], r->rip};
    if (kind == EXO_UP_SYSCALL) {
        v->foreign_rax = r->rax;
        r->rax = -38;
        return;
    }
    if (!v->armed)
        unexpected(v, kind, r, v->page.fault_addr[1]);
    back_to_catch(v, r);
}

static long configure(exo_cap_t vcpu, struct rt_vcpu *v, unsigned number)
{
    struct range frames = find_cap(EXO_FRAME, pfn_at(v), EXO_R_RETYPE);
    const struct exo_vcpu_config config = {
        (uint64_t)rt_upcall_entry, (uint64_t)rt_syscall_entry, (uint64_t)rt_nested_entry,
        (uint64_t)stacks[number][1] + 8192, (uint64_t)stacks[number][2] + 8192, frames.handle, pfn_at(v)};

    long error = exo_vcpu_config(vcpu, &config);
    if (!error) {
        v->page.self = (uint64_t)v;
        v->stack_top = config.stack;
        v->nested_top = config.nested_stack;
    }
    return error;
}

void upcalls_start(void)
{
    struct exo_cap_info c;

    /* Without a table of handles yet: nothing here may need find_cap to report. */
    if (exo_cap_inspect(OWN, EXO_BOOT_VCPU, &c) || configure(BOOT(VCPU), &first, CHILDREN_MAX) ||
        exo_set_base(EXO_BASE_GS, (uint64_t)&first)) {
        say("not ok start: no upcalls\n");
        power_off(2);
    }
}

/* ---- children ---------------------------------------------------------------------------- */

void rt_child_end(void)
{
    rt_self()->done = 1;
    exo_yield(0, EXO_YIELD_WAIT, 0);
}

void child_again(struct child *c, void (*main)(void *), void *arg)
{
    struct exo_vcpu_state s = {.regs = {.rip = (uint64_t)rt_child_start, .rdi = (uint64_t)main, .rsi = (uint64_t)arg},
                               .gs_base = (uint64_t)c->v};
    unsigned number = (typeof(&child_page[0]))c->v - child_page;

    s.regs.rsp = (uint64_t)stacks[number][0] + 8192;
    c->v->done = 0;
    c->v->page.mask = 0;
    EQUAL(exo_vcpu_control(c->vcpu, EXO_VCPU_STOP, NULL), 0);
    EQUAL(exo_vcpu_control(c->vcpu, EXO_VCPU_SET, &s), 0);
}

void child_make(struct child *c, struct space *space, void (*main)(void *), void *arg)
{
    long error = -EXO_EBUSY;

    *c = (struct child){.env_pfn = frame_take(3), .vcpu_pfn = frame_take(1)};
    c->env = make_arg(EXO_CREATE(EXO_KIND_ENV, 3), c->env_pfn, space ? space->table : 0);
    c->vcpu = make_arg(EXO_CREATE(EXO_KIND_VCPU, 1), c->vcpu_pfn, c->env);
    EQUAL(exo_env_set(c->env, EXO_ENV_ROOT, space ? space->root : BOOT(ROOT), 0), 0);
    for (unsigned i = 0; i < CHILDREN_MAX && error == -EXO_EBUSY; i++) { /* a page that no other child has */
        unsigned number = children++ % CHILDREN_MAX;
        c->v = &child_page[number].v;
        error = configure(c->vcpu, c->v, number);
    }
    EQUAL(error, 0);
    uint64_t self = c->v->page.self, stack = c->v->stack_top, nested = c->v->nested_top;
    memset(c->v, 0, sizeof *c->v);
    c->v->page.self = self;
    c->v->stack_top = stack;
    c->v->nested_top = nested;
    child_again(c, main, arg);
}

void child_start(struct child *c)
{
    EQUAL(exo_vcpu_control(c->vcpu, EXO_VCPU_START, NULL), 0);
}

/* It gets the rest of our slice, again and again; a tenth of a second in all. */
bool child_run(struct child *c)
{
    uint64_t end = now() + info->tsc_khz * 100;

    child_start(c);
    while (!c->v->done && now() < end)
        if (exo_yield(c->vcpu, 0, 0) < 0)
            break; /* it is stopped, waits or has ended */
    return c->v->done;
}

uint32_t child_status(struct child *c)
{
    struct exo_vcpu_state s;
    long error = exo_vcpu_control(c->vcpu, EXO_VCPU_GET, &s);

    return error ? (uint32_t)error : (uint32_t)s.status;
}

/* ---- a space of its own ------------------------------------------------------------------- */

static uint64_t space_object(struct space *s, unsigned kind, exo_cap_t *handle)
{
    uint64_t pfn = s->base + s->used;
    long h = exo_create(s->table, s->mem, pfn, EXO_CREATE(kind, 1), 8 + s->used++, 0);

    if (h < 0)
        FAIL("create in a space: %d", h);
    *handle = h;
    return pfn;
}

static void space_set(struct space *s, exo_cap_t table, uint32_t index, exo_cap_t object, uint64_t value)
{
    const struct exo_pte e = {table, object, value, index, EXO_PTE_SET};

    EQUAL(exo_pte_update(s->table, &e, 1, 0), 1);
}

extern char end[];

void space_make(struct space *s, uint64_t frames)
{
    uint64_t first_page = 0x400000, last = (uint64_t)end, pfn[4];
    exo_cap_t pt[4];

    *s = (struct space){.base = frame_take(frames), .count = frames};
    s->table = make(EXO_KIND_TABLE, frame_take(1));
    s->mem = exo_cap_derive(mem.handle, s->base, frames, EXO_R_ALL & 0x1f, s->table, 4);
    exo_cap_t code = exo_cap_derive(image.handle, image.base, image.count, EXO_R_READ | EXO_R_WRITE | EXO_R_EXEC, s->table, 5);
    for (unsigned level = 4; level >= 1; level--)
        pfn[level - 1] = space_object(s, EXO_KIND_PT1 + level - 1, &pt[level - 1]);
    space_set(s, pt[3], 0, pt[2], LINK(pfn[2], EXO_W));
    space_set(s, pt[2], 0, pt[1], LINK(pfn[1], EXO_W));
    space_set(s, pt[1], 2, pt[0], LINK(pfn[0], EXO_W));
    for (uint64_t at = first_page; at < last; at += PAGE) {
        uint64_t e = *self_entry(at, 1);
        if (e & EXO_P)
            space_set(s, pt[0], at >> 12 & 511, code, e & (EXO_PTE_ADDR | EXO_P | EXO_W | EXO_NX));
    }
    s->root = pt[3];
}
