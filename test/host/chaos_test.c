/* SPDX-License-Identifier: MIT */
/* Random calls, and deletions that stop after any step while others go on; all invariants are checked after each. */
#include "ops.h"

#include <time.h>

/* Basic blocks that one step of a deletion may take; nothing that ring 3 makes may lengthen it. */
#define STEP_MAX 40000

static uint64_t longest;

/* Some steps, of revoke or of a deletion with all that is derived; the capability is left half deleted, as an interrupted call leaves it. */
static void delete_partly(struct op *op) {
    struct table *t = op->by;
    uint64_t from = t == first_table() ? SLOT_FREE : EXO_TABLE_HEAD, slot = from + check_random(t->slots - from);
    struct cap *c = table_slot(t, slot);

    while (!c->type && ++slot < t->slots)
        c = table_slot(t, slot);
    bool done = !c->type, revoke = c->type && cap_has_children(c) && check_random(3);
    act_as(t);
    for (uint64_t steps = check_random(2) ? check_random(4) : check_random(100); steps && !done; steps--) {
        uint64_t before = machine_work;
        done = revoke ? cap_revoke_step(c) : cap_delete_step(c);
        if (machine_work - before > longest)
            longest = machine_work - before;
    }
    machine_settle();
}

/* The boot objects are not to be changed: nobody may control them. */
static void protect_boot_objects(void) {
    cap_of(first_table(), H(EXO_BOOT_ENV))->rights &= ~EXO_R_CONTROL;
    cap_of(first_table(), H(EXO_BOOT_VCPU))->rights &= ~EXO_R_CONTROL;
}

static void give_all_back(void) {
    act_as(first_table());
    for (uint32_t i = 0; i < EXO_SELF_SLOT; i++)
        EQUAL(set_entry(H(EXO_BOOT_ROOT), 0, i, 0), 1);
    for (uint32_t slot = EXO_TABLE_HEAD; slot < SLOT_FREE; slot++)
        EQUAL(revoke_all(H(slot)), 0);
    EQUAL(sys_slice_bind(H(SLOT_SLICES), 0, EXO_SLOTS, H(EXO_BOOT_VCPU), 0), 0);
}

static void run(uint64_t seed) {
    uint64_t steps = check_option("STEPS", 3000), counts[OP_KINDS] = {0};
    struct op op;

    machine_start(3);
    protect_boot_objects();
    check_seed(seed);
    struct snapshot *start = snapshot_take();
    for (uint64_t step = 0; step < steps; step++) {
        op_random(&op);
        check_note("step %lu: %s by table 0x%x", step, op_names[op.kind], op.by->pfn);
        if (op.kind == OP_DROP || op.kind == OP_REVOKE)
            delete_partly(&op);
        else
            counts[op.kind] += op_run(&op) >= 0;
        audit();
    }
    check_note("at the end");
    for (int kind = 0; kind < OP_KINDS; kind++) /* the test is about calls that succeed */
        if (kind != OP_DROP && kind != OP_REVOKE && seed < 10 && steps >= 3000 && !counts[kind])
            FAIL("%s succeeded %lu times only", op_names[kind], counts[kind]);
    give_all_back();
    audit();
    const char *differs = snapshot_differs(start, false);
    if (differs)
        FAIL("not as it was at the start: %s", differs);
    if (longest > STEP_MAX)
        FAIL("a step took %lu basic blocks", longest);
}

static void seed_1(void) { run(1); }
static void seed_2(void) { run(2); }
static void seed_3(void) { run(3); }

/* Another one each time. */
static void seed_of_the_day(void) { run(time(NULL)); }

TESTS({"seed 1", seed_1}, {"seed 2", seed_2}, {"seed 3", seed_3}, {"seed of the day", seed_of_the_day})
