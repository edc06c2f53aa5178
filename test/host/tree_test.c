/* SPDX-License-Identifier: MIT */
/* Random calls, each made in the kernel and in the model: the same result, the same state; a call that fails changes
 * nothing; and all invariants hold. */
#include "model.h"

#include <time.h>

/* A deletion goes on until it is done. */
static long run_whole(const struct op *op) {
    long result = op_run(op);

    while (result == -EXO_EAGAIN)
        result = op_run(op);
    return result;
}

static void check_step(const struct op *op) {
    long expected = 0;
    uint32_t errors = model_run(op, &expected);
    struct snapshot *before = snapshot_take();
    long result = run_whole(op);
    const char *differs = NULL;

    if (result < 0)
        differs = snapshot_differs(before, true);
    else
        snapshot_free(before);
    if (differs)
        FAIL("it failed with %ld, but %s has changed", result, differs);
    if (errors ? result >= 0 || !(errors >> -result & 1) : result != expected)
        FAIL("it returned %ld; the model says %ld or one of the errors 0x%x", result, expected, errors);
    if (result < 0 && !op_documents(op->kind, result))
        FAIL("the error %ld is not documented for this call", result);
    model_compare();
}

static void run(uint64_t seed) {
    uint64_t steps = check_option("STEPS", 1500);
    struct op op;

    machine_start(3);
    cap_of(first_table(), H(EXO_BOOT_ENV))->rights &= ~EXO_R_CONTROL; /* nobody is to end what the test runs in */
    cap_of(first_table(), H(EXO_BOOT_VCPU))->rights &= ~EXO_R_CONTROL;
    model_start();
    check_seed(seed);
    for (uint64_t step = 0; step < steps; step++) {
        op_random(&op);
        check_note("step %lu: %s(0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx, 0x%lx) by table 0x%x", step, op_names[op.kind], op.a[0], op.a[1],
                   op.a[2], op.a[3], op.a[4], op.a[5], op.by->pfn);
        check_step(&op);
        if (step % 8 == 0)
            audit();
    }
}

static void seed_1(void) { run(1); }
static void seed_2(void) { run(2); }
static void seed_3(void) { run(3); }
static void seed_of_the_day(void) { run(time(NULL)); }

TESTS({"seed 1", seed_1}, {"seed 2", seed_2}, {"seed 3", seed_3}, {"seed of the day", seed_of_the_day})
