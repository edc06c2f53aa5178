/* SPDX-License-Identifier: MIT */
/* Revocation that is interrupted half-way, across tables and page tables; what it must leave behind: nothing. */
#include "kit.h"

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
    if (frames[PAGE_AT].refs)
        FAIL("clone gave %ld; the page is still mapped %u times after its capability went", cloned, frames[PAGE_AT].refs);
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
    if (frames[LOW].refs)
        FAIL("clone gave %ld; a frame of type %u is still linked as a page table", cloned, frame_types[LOW]);
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

/* A table that is being taken down ends its environments; they must not grow meanwhile. */
static void vcpu_for_an_ending_table(void) {
    enum { TABLE = 300, ENV = 310, SLOT = 100, VCPUS = 40 };

    machine_start(2);
    exo_cap_t frame = derive(H(SLOT_RAM), TABLE, 1, RAM_RIGHTS, 0, SLOT);
    long other = make_object(0, frame, TABLE, EXO_CREATE(EXO_KIND_TABLE, 1), SLOT + 1, 0);
    exo_cap_t env = create(EXO_KIND_ENV, 1, ENV, SLOT + 2, other);
    for (int i = 0; i < VCPUS; i++)
        create(EXO_KIND_VCPU, 1, ENV + 1 + i, SLOT + 3 + i, env);
    EQUAL(sys_cap_revoke(frame), -EXO_EAGAIN);
    long result = make_object(0, H(SLOT_RAM), ENV + 1 + VCPUS, EXO_CREATE(EXO_KIND_VCPU, 1), SLOT + 3 + VCPUS, env);
    EQUAL(result, -EXO_EDEAD);
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

/* ---- each step is bounded --------------------------------------------------------------- */

/* Basic blocks: what sweeping eight page tables or closing every port of one environment takes, and some. */
#define STEP_MAX 300000

static uint64_t longest_step(struct cap *c) {
    uint64_t longest = 0;

    for (bool done = false; !done;) {
        uint64_t before = machine_work;
        done = cap_revoke_step(c);
        if (machine_work - before > longest)
            longest = machine_work - before;
    }
    return longest;
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
    uint64_t longest = longest_step(cap_of(first_table(), H(SLOT_PORTS)));
    if (longest > STEP_MAX)
        FAIL("a step ran %lu basic blocks", longest);
}

TESTS({"clone behind a sweep", clone_behind_a_sweep}, {"clone links behind a sweep", clone_links_behind_a_sweep},
      {"a sweep that became needless", sweep_that_became_needless}, {"swept before its time", swept_before_its_time},
      {"pinned for another table", pinned_for_another_table}, {"vCPU for an ending table", vcpu_for_an_ending_table},
      {"keeper after revocation", keeper_after_revocation}, {"ports of many environments", ports_of_many_environments})
