/* SPDX-License-Identifier: MIT */
/* slice_pick on random vectors, against a plain statement of whose turn it is. */
#include "check.h"

#include <string.h>

#include "slice.h"

enum { VCPUS = 6, BASE = 10000, TICKS = 1000, VECTORS = 4000 };

static struct exo_slot slots[EXO_SLOTS];
static const struct slice_clock clock_ = {BASE, TICKS};
static bool runnable[VCPUS + 1], used_up[VCPUS + 1]; /* used_up: its own slot does not count */
static unsigned asked;

static bool can_run(uint32_t vcpu, bool own, uint64_t now) {
    (void)now;
    if (!vcpu || vcpu > VCPUS)
        FAIL("asked for vCPU %u", vcpu);
    asked++;
    return runnable[vcpu] && !(own && used_up[vcpu]);
}

static void random_vector(void) {
    uint32_t run = 0, vcpu = 0, kinds = 1 + check_random(VCPUS + 1);

    for (int i = 0; i < EXO_SLOTS; i++) {
        if (!run--) {
            run = check_random(check_random(2) ? 3 : 40);
            vcpu = check_random(kinds);
        }
        slots[i] = (struct exo_slot){.vcpu = vcpu};
    }
    for (int v = 1; v <= VCPUS; v++) {
        runnable[v] = check_random(3);
        used_up[v] = !check_random(4);
    }
}

/* The first slot after n that is not the owner's, at most a whole turn later. */
static uint64_t end_of_run(uint64_t n) {
    for (uint64_t end = n + 1; end < n + EXO_SLOTS; end++)
        if (slots[end % EXO_SLOTS].vcpu != slots[n % EXO_SLOTS].vcpu)
            return end;
    return n + EXO_SLOTS;
}

/* The owner of slot n unless it ran last; then the others in the order of the vector; the one that ran last comes last, and
 * in its own slot too if that is used up. */
static struct slice_choice expected(uint64_t n, uint32_t last) {
    uint32_t owner = slots[n % EXO_SLOTS].vcpu, order[EXO_SLOTS + 2], count = 0;

    if (owner && owner != last && runnable[owner] && !used_up[owner])
        return (struct slice_choice){owner, true, BASE + end_of_run(n) * TICKS};
    for (uint64_t i = 1; i <= EXO_SLOTS; i++)
        if (slots[(n + i) % EXO_SLOTS].vcpu && slots[(n + i) % EXO_SLOTS].vcpu != last)
            order[count++] = slots[(n + i) % EXO_SLOTS].vcpu;
    for (uint32_t i = 0; i < count; i++)
        if (runnable[order[i]])
            return (struct slice_choice){order[i], false, BASE + (n + 1) * TICKS};
    if (owner && owner == last && runnable[last] && !used_up[last])
        return (struct slice_choice){last, true, BASE + end_of_run(n) * TICKS};
    return last && runnable[last] ? (struct slice_choice){last, false, BASE + (n + 1) * TICKS} : (struct slice_choice){0};
}

static void pick_order(void) {
    check_seed(1);
    for (int i = 0; i < VECTORS; i++) {
        random_vector();
        uint64_t now = BASE + check_random(3 * EXO_SLOTS * TICKS);
        uint64_t n = (now - BASE) / TICKS;
        uint32_t last = check_random(VCPUS + 1);
        asked = 0;
        check_note("vector %d, slot %lu, last %u", i, n, last);
        struct slice_choice got = slice_pick(&clock_, slots, now, last, can_run), want = expected(n, last);
        EQUAL(got.vcpu, want.vcpu);
        EQUAL(got.vcpu && got.own, want.vcpu && want.own);
        EQUAL(got.vcpu ? got.end : 0, want.vcpu ? want.end : 0);
        CHECK(asked <= EXO_SLOTS + 3);
        if (got.vcpu)
            CHECK(got.end > now && got.end <= BASE + (n + EXO_SLOTS) * TICKS);
    }
}

/* Everybody runnable, nobody yields: over one turn each gets exactly its slots, and runs of slots are one slice. */
static void shares(void) {
    check_seed(1);
    for (int i = 0; i < VECTORS / 20; i++) {
        uint64_t got[VCPUS + 1] = {0}, owned[VCPUS + 1] = {0}, slices = 0, runs = 0;
        random_vector();
        for (int v = 0; v <= VCPUS; v++)
            runnable[v] = true, used_up[v] = false;
        for (int s = 0; s < EXO_SLOTS; s++) {
            if (!slots[s].vcpu)
                slots[s].vcpu = 1;
            owned[slots[s].vcpu]++;
        }
        for (int s = 0; s < EXO_SLOTS; s++)
            runs += !s || slots[s].vcpu != slots[s - 1].vcpu;
        for (uint64_t now = BASE; now < BASE + EXO_SLOTS * TICKS; slices++) {
            struct slice_choice c = slice_pick(&clock_, slots, now, 0, can_run);
            CHECK(c.vcpu && c.own);
            uint64_t end = c.end < BASE + EXO_SLOTS * TICKS ? c.end : BASE + EXO_SLOTS * TICKS;
            got[c.vcpu] += end - now;
            now = end;
        }
        for (int v = 1; v <= VCPUS; v++)
            EQUAL(got[v], owned[v] * TICKS);
        EQUAL(slices, runs);
    }
}

static void slot_numbers(void) {
    EQUAL(slice_number(&clock_, 0), 0);
    EQUAL(slice_number(&clock_, BASE), 0);
    EQUAL(slice_number(&clock_, BASE + TICKS - 1), 0);
    EQUAL(slice_number(&clock_, BASE + TICKS), 1);
    EQUAL(slice_number(&clock_, BASE + 1000ul * TICKS + 1), 1000);
}

static void empty_vector(void) {
    memset(slots, 0, sizeof slots);
    runnable[2] = true;
    EQUAL(slice_pick(&clock_, slots, BASE, 0, can_run).vcpu, 0);
    EQUAL(slice_pick(&clock_, slots, BASE, 2, can_run).vcpu, 2); /* nobody else: it may go on */
}

/* Who owns everything is looked at again once a turn. */
static void one_owner(void) {
    for (int i = 0; i < EXO_SLOTS; i++)
        slots[i] = (struct exo_slot){.vcpu = 3};
    runnable[3] = true;
    struct slice_choice c = slice_pick(&clock_, slots, BASE + 5 * TICKS, 0, can_run);
    EQUAL(c.vcpu, 3);
    EQUAL(c.end, BASE + (5 + EXO_SLOTS) * TICKS);
}

TESTS({"pick order", pick_order}, {"shares", shares}, {"slot numbers", slot_numbers}, {"empty vector", empty_vector},
      {"one owner", one_owner})
