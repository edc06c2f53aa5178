/* SPDX-License-Identifier: MIT */
/* Revocation that is interrupted half-way, across tables and page tables; what it must leave behind: nothing. */
#include "kit.h"

#include "audit.h"
#include "event.h"
#include "pte.h"

/* More page tables than one call sweeps, so that a revocation is interrupted in the middle of its sweep. */
enum { MANY = 200, PT_AT = 512, PT_SLOT = 20, PAGE_AT = 400 };
#define PT(i) H(PT_SLOT + (i))

/* `n` page tables of level 1 in the first table; the first ones are swept last. */
static void make_page_tables(unsigned n, unsigned level) {
    for (unsigned i = 0; i < n; i++)
        create(EXO_KIND_PT1 + level - 1, 1, PT_AT + i, PT_SLOT + i, 0);
}

/* A page table that the sweep has passed must not get the mapping again from one that it has not. */
static void clone_behind_a_sweep(void) {
    machine_start(2);
    make_page_tables(MANY, 1);
    exo_cap_t page = derive(H(SLOT_RAM), PAGE_AT, 1, RAM_RIGHTS, 0, SLOT_FREE);
    EQUAL(set_entry(PT(0), page, 5, PAGE(PAGE_AT, EXO_NX)), 1);
    EQUAL(sys_cap_drop(0, page), -EXO_EAGAIN);
    long cloned = clone_table(PT(MANY - 1), PT(0), 0); /* refused or not: no mapping may remain */
    EQUAL(drop_all(0, page), 0);
    check_note("clone gave %ld", cloned);
    audit();
    EQUAL(frames[PAGE_AT].refs, 0);
}

/* The same with links: a page table whose frame is plain memory again must not be linked. */
static void clone_links_behind_a_sweep(void) {
    enum { LOW = 300 };

    machine_start(2);
    make_page_tables(MANY, 2);
    exo_cap_t frame = derive(H(SLOT_RAM), LOW, 1, RAM_RIGHTS, 0, SLOT_FREE);
    long low = make_object(0, frame, LOW, EXO_CREATE(EXO_KIND_PT1, 1), SLOT_FREE + 1, 0);
    EQUAL(set_entry(PT(0), low, 5, PAGE(LOW, 0)), 1);
    EQUAL(sys_cap_revoke(frame), -EXO_EAGAIN);
    long cloned = clone_table(PT(MANY - 1), PT(0), 0);
    EQUAL(revoke_all(frame), 0);
    check_note("clone gave %ld", cloned);
    EQUAL(frame_types[LOW], FT_USER);
    audit(); /* no link may lead there */
}

/* A sweep for a page table ends early when its last link is cleared by hand: the next sweep must not find its slot. */
static void sweep_that_became_needless(void) {
    enum { LOW = 300 };

    machine_start(2);
    make_page_tables(MANY, 2);
    exo_cap_t frame = derive(H(SLOT_RAM), LOW, 1, RAM_RIGHTS, 0, SLOT_FREE);
    long low = make_object(0, frame, LOW, EXO_CREATE(EXO_KIND_PT1, 1), SLOT_FREE + 1, 0);
    EQUAL(set_entry(PT(0), low, 5, PAGE(LOW, EXO_W)), 1);
    EQUAL(sys_cap_revoke(frame), -EXO_EAGAIN);
    EQUAL(set_entry(PT(0), 0, 5, 0), 1);
    EQUAL(revoke_all(frame), 0);
    const struct cap *cap = first_table()->sweep_cap;
    CHECK(!cap || (cap->flags & CAP_DYING));
}

/* What that would lead to: a capability that counts as swept before it was ever used keeps its mappings when it goes. */
static void swept_before_its_time(void) {
    enum { LOW = 300 };

    machine_start(2);
    make_page_tables(MANY, 2);
    exo_cap_t leafs = create(EXO_KIND_PT1, 1, 301, SLOT_FREE + 2, 0);
    exo_cap_t frame = derive(H(SLOT_RAM), LOW, 1, RAM_RIGHTS, 0, SLOT_FREE);
    long low = make_object(0, frame, LOW, EXO_CREATE(EXO_KIND_PT1, 1), SLOT_FREE + 1, 0);
    EQUAL(set_entry(PT(0), low, 5, PAGE(LOW, EXO_W)), 1);
    EQUAL(sys_cap_revoke(frame), -EXO_EAGAIN);
    EQUAL(set_entry(PT(0), 0, 5, 0), 1);
    EQUAL(revoke_all(frame), 0);
    exo_cap_t page = derive(H(SLOT_RAM), PAGE_AT, 1, RAM_RIGHTS, 0, SLOT_FREE + 1); /* takes that slot */
    exo_cap_t other = derive(H(SLOT_RAM), PAGE_AT + 1, 1, RAM_RIGHTS, 0, SLOT_FREE + 3);
    EQUAL(set_entry(leafs, other, 6, PAGE(PAGE_AT + 1, EXO_NX)), 1);
    EQUAL(drop_all(0, other), 0);
    EQUAL(set_entry(leafs, page, 7, PAGE(PAGE_AT, EXO_NX | EXO_W)), 1);
    EQUAL(drop_all(0, page), 0);
    EQUAL(frames[PAGE_AT].refs, 0);
}

/* A vCPU's page belongs to its holder only as long as that one holds the frame, whoever's the environment is. */
static void pinned_for_another_table(void) {
    enum { TABLE = 300, ENV = 310, VCPU = 311, MINE = 320, SLOT = 100 };
    struct exo_vcpu_config config = {.stack = 16, .nested_stack = 16, .page_pfn = PAGE_AT};

    machine_start(2);
    exo_cap_t other = create(EXO_KIND_TABLE, 1, TABLE, SLOT, 0);
    exo_cap_t env = create(EXO_KIND_ENV, 1, ENV, SLOT + 1, other);
    exo_cap_t vcpu = create(EXO_KIND_VCPU, 1, VCPU, SLOT + 2, env);
    config.page_frame = derive(H(SLOT_RAM), PAGE_AT, 1, RAM_RIGHTS, 0, SLOT + 3);
    long result = sys_vcpu_config(vcpu, &config);
    machine_settle();
    EQUAL(drop_all(0, config.page_frame), 0);
    if (frames[PAGE_AT].pinned)
        FAIL("vcpu_config gave %ld; the page is still pinned after its capability went", result);
}

/* A table that is being taken down takes no capability and ends its environments; they must not grow meanwhile. */
static void growing_an_ending_table(void) {
    enum { TABLE = 300, ENV = 310, SLOT = 100, VCPUS = 40 };

    machine_start(2);
    exo_cap_t frame = derive(H(SLOT_RAM), TABLE, 1, RAM_RIGHTS, 0, SLOT);
    long other = make_object(0, frame, TABLE, EXO_CREATE(EXO_KIND_TABLE, 1), SLOT + 1, 0);
    exo_cap_t env = create(EXO_KIND_ENV, 1, ENV, SLOT + 2, other);
    for (int i = 0; i < VCPUS; i++)
        create(EXO_KIND_VCPU, 1, ENV + 1 + i, SLOT + 3 + i, env);
    derive(H(SLOT_RAM), PAGE_AT, 1, RAM_RIGHTS, other, 4);
    /* Somebody else may act for it still: that capability does not come from what is revoked. */
    exo_cap_t weak = derive(H(EXO_BOOT_TABLE), AT_TABLE, 1, EXO_R_ALL, 0, SLOT + 60);
    cap_of(first_table(), weak)->base = TABLE;
    EQUAL(sys_cap_revoke(frame), -EXO_EAGAIN);
    long result = make_object(0, H(SLOT_RAM), ENV + 1 + VCPUS, EXO_CREATE(EXO_KIND_VCPU, 1), SLOT + 3 + VCPUS, env);
    EQUAL(result, -EXO_EDEAD);
    EQUAL(sys_cap_derive(H(SLOT_RAM), PAGE_AT, 1, 0, weak, 10), -EXO_EBADCAP);
    EQUAL(make_object(weak, H(4), PAGE_AT, EXO_CREATE(EXO_KIND_PT1, 1), 10, 0), -EXO_EBADCAP);
    EQUAL(make_object(0, H(SLOT_RAM), PAGE_AT, EXO_CREATE(EXO_KIND_ENV, 1), SLOT + 3 + VCPUS, weak), -EXO_EDEAD);
    EQUAL(revoke_all(frame), 0);
    EQUAL(frame_types[TABLE], FT_USER);
    EQUAL(((struct env *)frame_at(ENV))->table, 0);
}

/* Whoever lost the capability to ring a vCPU is not its client by way of being its keeper. */
static void keeper_after_revocation(void) {
    enum { TABLE = 300, ENV = 310, VCPU = 311, SLOT = 100 };

    machine_start(2);
    exo_cap_t table = create(EXO_KIND_TABLE, 1, TABLE, SLOT, 0);
    exo_cap_t env = create(EXO_KIND_ENV, 1, ENV, SLOT + 1, table);
    exo_cap_t vcpu = create(EXO_KIND_VCPU, 1, VCPU, SLOT + 2, env);
    exo_cap_t bell = derive(H(EXO_BOOT_VCPU), AT_VCPU * 64 + 9, 1, EXO_R_RING, 0, SLOT + 3);
    struct exo_vcpu_config config = {.stack = 16, .nested_stack = 16, .page_pfn = PAGE_AT, .page_frame = H(SLOT_RAM)};
    EQUAL(sys_vcpu_config(H(EXO_BOOT_VCPU), &config), 0);
    machine_settle();
    EQUAL(sys_env_set(env, EXO_ENV_KEEPER, bell, 9), 0);
    EQUAL(drop_all(0, bell), 0);
    vcpu_fault(frame_at(VCPU));
    EQUAL(first_vcpu()->page->pending & 1ul << 9, 0);
    (void)vcpu;
}

/* A capability whose deletion has begun is refused everywhere, but for going on with it. */
static void dying_is_refused(void) {
    machine_start(2);
    make_page_tables(MANY, 1);
    exo_cap_t page = derive(H(SLOT_RAM), PAGE_AT, 1, RAM_RIGHTS, 0, SLOT_FREE);
    EQUAL(set_entry(PT(0), page, 5, PAGE(PAGE_AT, EXO_NX)), 1);
    EQUAL(sys_cap_drop(0, page), -EXO_EAGAIN);
    EQUAL(set_entry(PT(1), page, 5, PAGE(PAGE_AT, EXO_NX)), -EXO_EBADCAP);
    EQUAL(sys_cap_derive(page, PAGE_AT, 1, 0, 0, SLOT_FREE + 1), -EXO_EBADCAP);
    EQUAL(make_object(0, page, PAGE_AT, EXO_CREATE(EXO_KIND_PT1, 1), SLOT_FREE + 1, 0), -EXO_EBADCAP);
    EQUAL(sys_cap_revoke(page), -EXO_EBADCAP);
    EQUAL(drop_all(0, page), 0);
    audit();
}

/* ---- each step is bounded --------------------------------------------------------------- */

/* Basic blocks of the kernel in one step, whatever ring 3 has built. */
#define STEP_MAX 40000

/* Revokes c to its end, with all invariants checked at some of the steps; fails if one was long. */
static void revoke_in_steps(struct cap *c, unsigned audit_every) {
    unsigned steps = 0;

    for (bool done = false; !done; steps++) {
        uint64_t before = machine_work;
        done = cap_revoke_step(c);
        if (machine_work - before > STEP_MAX)
            FAIL("step %u ran %lu basic blocks", steps, machine_work - before);
        machine_settle();
        if (steps % audit_every == 0)
            audit();
    }
}

/* Many environments that all have ports of one capability. */
static void ports_of_many_environments(void) {
    enum { ENVS = 60, ENV = 300, SLOT = 100 };

    machine_start(2);
    exo_cap_t ports = derive(H(SLOT_PORTS), 0, PORTS, EXO_R_BIND, 0, SLOT);
    for (int i = 0; i < ENVS; i++) {
        exo_cap_t env = create(EXO_KIND_ENV, 3, ENV + 3 * i, SLOT + 1 + i, 0);
        EQUAL(sys_port_enable(ports, 0, PORTS, env, 1), 0);
    }
    revoke_in_steps(cap_of(first_table(), H(SLOT_PORTS)), 1);
    struct env *env = frame_at(ENV);
    env_refresh_ports(env);
    for (int i = 0; i < 8192; i++)
        EQUAL(env_bitmap(env)[i], 0xff);
}

/* One root of many environments. */
static void root_of_many_environments(void) {
    enum { ENVS = 100, ENV = 300, ROOT = 200, SLOT = 100 };

    machine_start(2);
    exo_cap_t frame = derive(H(SLOT_RAM), ROOT, 1, RAM_RIGHTS, 0, SLOT);
    long root = make_object(0, frame, ROOT, EXO_CREATE(EXO_KIND_PT4, 1), SLOT + 1, 0);
    for (int i = 0; i < ENVS; i++)
        EQUAL(sys_env_set(create(EXO_KIND_ENV, 1, ENV + i, SLOT + 2 + i, 0), EXO_ENV_ROOT, root, 0), 0);
    EQUAL(sys_cap_drop(0, root), -EXO_EBUSY);
    revoke_in_steps(cap_of(first_table(), frame), 1);
    EQUAL(env_root(frame_at(ENV)), 0);
    create(EXO_KIND_PT4, 1, ROOT, SLOT + 1, 0); /* another root in the same frame is not theirs */
    EQUAL(env_root(frame_at(ENV)), 0);
    audit();
}

/* The largest table, full; and a frame capability that pins many pages. */
static void large_tables(void) {
    enum { TABLE = 512, FRAMES = EXO_TABLE_FRAMES_MAX, SLOT = SLOT_FREE };

    machine_start(4);
    exo_cap_t frames_ = derive(H(SLOT_RAM), TABLE, FRAMES, RAM_RIGHTS, 0, SLOT);
    long table = make_object(0, frames_, TABLE, EXO_CREATE(EXO_KIND_TABLE, FRAMES), SLOT + 1, 0);
    for (uint32_t slot = EXO_TABLE_HEAD; slot < FRAMES * EXO_CAPS_PER_FRAME; slot += slot % 3 ? 1 : 999)
        derive(H(SLOT_RAM), 100, 1, EXO_R_READ, table, slot);
    revoke_in_steps(cap_of(first_table(), frames_), 100);
    EQUAL(frame_types[TABLE], FT_USER);
    audit();
}

static void many_pinned_pages(void) {
    enum { VCPUS = 400, ENV = 512, PAGES = 1024, TABLE = 2000, TABLE_SIZE = 8, SLOT = SLOT_FREE };
    struct exo_vcpu_config config = {.stack = 16, .nested_stack = 16};

    machine_start(4);
    exo_cap_t table = create(EXO_KIND_TABLE, TABLE_SIZE, TABLE, SLOT, 0);
    derive(H(SLOT_RAM), ENV, VCPUS + 1, RAM_RIGHTS, table, 4);
    config.page_frame = derive(H(SLOT_RAM), PAGES, VCPUS, RAM_RIGHTS, table, 5);
    act_as(frame_at(TABLE));
    exo_cap_t env = make_object(0, H(4), ENV, EXO_CREATE(EXO_KIND_ENV, 1), 6, 0);
    for (int i = 0; i < VCPUS; i++) {
        long vcpu = make_object(0, H(4), ENV + 1 + i, EXO_CREATE(EXO_KIND_VCPU, 1), 7 + i, env);
        config.page_pfn = PAGES + i;
        EQUAL(sys_vcpu_config(vcpu, &config), 0);
    }
    machine_settle();
    act_as(first_table());
    revoke_in_steps(cap_of(first_table(), H(SLOT_RAM)), 50);
    audit();
}

/* ---- tables within tables ------------------------------------------------------------------- */

/* Each table is made of frames that the one before holds, and knows the one before; derivations cross in both directions. */
static void nested_tables(bool outermost) {
    enum { LEVELS = 14, TABLE = 300, SLOT = 100, INNER = 10, RAM = 4, OUTER = 5, OWN = 6 };
    exo_cap_t ram = derive(H(SLOT_RAM), TABLE, 200, RAM_RIGHTS, 0, SLOT), own = H(EXO_BOOT_TABLE);
    struct table *t = first_table();

    for (unsigned i = 0; i < LEVELS; i++) {
        uint32_t at = TABLE + i;
        long inner = make_object(0, ram, at, EXO_CREATE(EXO_KIND_TABLE, 1), SLOT_FREE + INNER, 0);
        CHECK(inner > 0);
        derive(ram, at + 1, 199 - i, RAM_RIGHTS, inner, RAM);
        derive(own, t->pfn, 1, EXO_R_ALL, inner, OUTER);
        derive(inner, at, 1, EXO_R_ALL, inner, OWN);
        act_as(t = frame_at(at));
        ram = H(RAM);
        own = H(OWN);
        derive(ram, at + 100, 1, RAM_RIGHTS, H(OUTER), 60 - i); /* the outer one gets from the inner one */
    }
    audit();
    act_as(first_table());
    revoke_in_steps(cap_of(first_table(), outermost ? H(SLOT) : H(SLOT_RAM)), 1);
    for (uint32_t pfn = TABLE; pfn < TABLE + 200; pfn++)
        EQUAL(frame_types[pfn], FT_USER);
    CHECK(!cap_has_children(cap_of(first_table(), H(EXO_BOOT_TABLE))));
}

static void nested_from_the_root(void) {
    machine_start(2);
    nested_tables(false);
}

static void nested_from_within(void) {
    machine_start(2);
    nested_tables(true);
}

/* Two tables are taken down at once, by two who take turns, while each holds what the other's capabilities came from. */
static void crossing_tables(void) {
    enum { A = 300, B = 310, SLOT = 100 };

    machine_start(2);
    exo_cap_t fa = derive(H(SLOT_RAM), A, 1, RAM_RIGHTS, 0, SLOT), fb = derive(H(SLOT_RAM), B, 1, RAM_RIGHTS, 0, SLOT + 1);
    long a = make_object(0, fa, A, EXO_CREATE(EXO_KIND_TABLE, 1), SLOT + 2, 0);
    long b = make_object(0, fb, B, EXO_CREATE(EXO_KIND_TABLE, 1), SLOT + 3, 0);
    derive(a, A, 1, EXO_R_ALL, b, 5); /* each may act for the other */
    derive(b, B, 1, EXO_R_ALL, a, 5);
    exo_cap_t pa = derive(H(SLOT_RAM), 400, 8, RAM_RIGHTS, a, 10), pb = derive(H(SLOT_RAM), 408, 8, RAM_RIGHTS, b, 10);
    act_as(frame_at(A));
    for (int i = 0; i < 8; i++)
        CHECK(derive(pa, 400 + i, 1, RAM_RIGHTS, H(5), 20 + i) &&
              make_object(0, pa, 400 + i, EXO_CREATE(EXO_KIND_TABLE, 1), 30 + i, 0) > 0);
    act_as(frame_at(B));
    for (int i = 0; i < 8; i++)
        CHECK(derive(pb, 408 + i, 1, RAM_RIGHTS, H(5), 20 + i) &&
              make_object(0, pb, 408 + i, EXO_CREATE(EXO_KIND_TABLE, 1), 30 + i, 0) > 0);
    act_as(first_table());
    struct cap *one = cap_of(first_table(), fa), *two = cap_of(first_table(), fb);
    for (bool done = false; !done;) {
        done = cap_revoke_step(one);
        audit();
        done &= cap_revoke_step(two);
        machine_settle();
        audit();
    }
    EQUAL(frame_types[A], FT_USER);
    EQUAL(frame_types[B], FT_USER);
}

/* A table is being taken down when the one that holds its capability begins to go: the inner one goes first. */
static void outer_table_overtakes(void) {
    enum { OUTER = 300, INNER = 310, ENV = 320, SLOT = 100, VCPUS = 40 };
    struct table *outer = frame_at(OUTER), *inner = frame_at(INNER);

    machine_start(2);
    exo_cap_t frame = derive(H(SLOT_RAM), OUTER, 1, RAM_RIGHTS, 0, SLOT);
    long table = make_object(0, frame, OUTER, EXO_CREATE(EXO_KIND_TABLE, 1), SLOT + 1, 0);
    exo_cap_t ram = derive(H(SLOT_RAM), INNER, 1, RAM_RIGHTS, table, 4);
    act_as(outer);
    long in = make_object(0, ram, INNER, EXO_CREATE(EXO_KIND_TABLE, 1), 5, 0);
    long grant = sys_cap_derive(in, INNER, 1, EXO_R_ALL, 0, 6);
    derive(ram, INNER, 1, RAM_RIGHTS, in, 4);
    act_as(first_table());
    struct cap *bound = cap_insert(cap_of(outer, grant), first_table(), SLOT + 2, EXO_TABLE, INNER, 1, EXO_R_ALL);
    exo_cap_t env = create(EXO_KIND_ENV, 1, ENV, SLOT + 3, cap_handle(bound));
    for (int i = 0; i < VCPUS; i++)
        create(EXO_KIND_VCPU, 1, ENV + 1 + i, SLOT + 4 + i, env);
    act_as(outer);
    EQUAL(revoke_all(in), 0);
    EQUAL(sys_cap_drop(0, in), -EXO_EAGAIN);
    CHECK(inner->ending && !outer->ending);
    act_as(first_table());
    EQUAL(sys_cap_revoke(frame), -EXO_EAGAIN);
    CHECK(outer->ending);
    EQUAL(revoke_all(frame), 0);
    EQUAL(frame_types[OUTER], FT_USER);
    EQUAL(frame_types[INNER], FT_USER);
    EQUAL(drop_all(0, create(EXO_KIND_TABLE, 1, INNER + 1, SLOT + 1, 0)), 0); /* nothing remembers the two */
    audit();
}

TESTS({"clone behind a sweep", clone_behind_a_sweep}, {"clone links behind a sweep", clone_links_behind_a_sweep},
      {"a sweep that became needless", sweep_that_became_needless}, {"swept before its time", swept_before_its_time},
      {"pinned for another table", pinned_for_another_table}, {"growing an ending table", growing_an_ending_table},
      {"keeper after revocation", keeper_after_revocation}, {"dying is refused", dying_is_refused},
      {"ports of many environments", ports_of_many_environments}, {"root of many environments", root_of_many_environments},
      {"large tables", large_tables}, {"many pinned pages", many_pinned_pages}, {"nested tables, from the root", nested_from_the_root},
      {"nested tables, from within", nested_from_within}, {"crossing tables", crossing_tables},
      {"outer table overtakes", outer_table_overtakes})
