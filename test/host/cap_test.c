/* SPDX-License-Identifier: MIT */
/* Handles, slots and the derivation tree, case by case. */
#include "kit.h"

#include "audit.h"

enum { A = SLOT_FREE, PFN = 200 };

static void lookup_errors(void) {
    struct cap *c;

    machine_start(2);
    struct table *t = first_table();
    exo_cap_t h = derive(H(SLOT_RAM), PFN, 8, EXO_R_READ, 0, A);
    EQUAL(cap_lookup(t, h, EXO_FRAME, EXO_R_READ, &c), 0);
    CHECK(c == table_slot(t, A));
    EQUAL(cap_lookup(t, h, EXO_PTE, 0, &c), -EXO_ETYPE);
    EQUAL(cap_lookup(t, h, EXO_FRAME, EXO_R_READ | EXO_R_WRITE, &c), -EXO_EPERM);
    EQUAL(cap_any(t, h + (1ul << 32), &c), -EXO_ESTALE);
    EQUAL(cap_any(t, h - (1ul << 32), &c), -EXO_ESTALE);
    EQUAL(cap_any(t, H(A + 1), &c), -EXO_EBADCAP);
    EQUAL(cap_any(t, 0, &c), -EXO_EBADCAP);
    EQUAL(cap_any(t, H(EXO_TABLE_HEAD - 1), &c), -EXO_EBADCAP);
    EQUAL(cap_any(t, H(t->slots), &c), -EXO_EBADCAP);
    EQUAL(cap_any(t, ~0ul, &c), -EXO_EBADCAP);
    EQUAL(drop_all(0, h), 0);
    EQUAL(cap_any(t, h, &c), -EXO_ESTALE);
    CHECK(derive(H(SLOT_RAM), PFN, 8, EXO_R_READ, 0, A) == h + (1ul << 32));
}

static void ranges(void) {
    const struct cap c = {.base = 100, .count = 10}, all = {.base = 0, .count = ~0ul}, high = {.base = ~0ul - 9, .count = 10};

    CHECK(cap_covers(&c, 100, 10) && cap_covers(&c, 109, 1) && cap_covers(&c, 100, 1));
    CHECK(!cap_covers(&c, 100, 0) && !cap_covers(&c, 99, 1) && !cap_covers(&c, 110, 1) && !cap_covers(&c, 100, 11));
    CHECK(!cap_covers(&c, 105, ~0ul) && !cap_covers(&c, ~0ul, 102) && !cap_covers(&c, 0, ~0ul) && !cap_covers(&c, 109, 2));
    CHECK(cap_covers(&all, 0, ~0ul) && cap_covers(&all, ~0ul - 1, 1) && !cap_covers(&all, 1, ~0ul));
    CHECK(cap_covers(&high, ~0ul, 1) && !cap_covers(&high, ~0ul, 2) && !cap_covers(&high, 0, 1));
}

static void depth_limit(void) {
    machine_start(2);
    exo_cap_t h = H(SLOT_RAM);
    for (int i = 0; i < EXO_DEPTH_MAX; i++)
        h = derive(h, PFN, 1, RAM_RIGHTS, 0, A + i);
    EQUAL(cap_of(first_table(), h)->depth, EXO_DEPTH_MAX);
    EQUAL(sys_cap_derive(h, PFN, 1, 0, 0, A + EXO_DEPTH_MAX), -EXO_EDEPTH);
    EQUAL(make_object(0, h, PFN, EXO_CREATE(EXO_KIND_PT1, 1), A + EXO_DEPTH_MAX, 0), -EXO_EDEPTH);
    audit();
    EQUAL(revoke_all(H(SLOT_RAM)), 0);
    CHECK(!cap_has_children(cap_of(first_table(), H(SLOT_RAM))));
}

/* A slot whose generations are used up names nothing any more, and is never used again. A handle is not negative: that
 * would be an error. */
static void worn_out_slot(void) {
    enum { LAST = 0x7fffffff };
    struct cap *c;

    machine_start(2);
    table_slot(first_table(), A)->generation = LAST;
    exo_cap_t h = derive(H(SLOT_RAM), PFN, 1, EXO_R_READ, 0, A);
    EQUAL(EXO_HANDLE_GEN(h), LAST);
    EQUAL(drop_all(0, h), 0);
    EQUAL(sys_cap_derive(H(SLOT_RAM), PFN, 1, EXO_R_READ, 0, A), -EXO_EEXIST);
    EQUAL(cap_any(first_table(), A, &c), -EXO_EBADCAP);
    EQUAL(cap_any(first_table(), H(A), &c), -EXO_ESTALE);
}

/* The newest child follows its parent; a subtree stays together. */
static void preorder(void) {
    machine_start(2);
    struct table *t = first_table();
    struct cap *root = cap_of(t, H(SLOT_RAM));
    exo_cap_t a = derive(H(SLOT_RAM), PFN, 8, RAM_RIGHTS, 0, A), b = derive(H(SLOT_RAM), PFN, 8, RAM_RIGHTS, 0, A + 1);
    exo_cap_t a1 = derive(a, PFN, 4, RAM_RIGHTS, 0, A + 2), a2 = derive(a, PFN + 4, 4, RAM_RIGHTS, 0, A + 3);
    exo_cap_t b1 = derive(b, PFN, 1, RAM_RIGHTS, 0, A + 4);
    const exo_cap_t order[] = {b, b1, a, a2, a1};
    const struct cap *c = root;
    for (int i = 0; i < 5; i++) {
        c = c->next;
        CHECK(c == cap_of(t, order[i]));
    }
    CHECK(!c->next);
    EQUAL(sys_cap_drop(0, a), -EXO_EBUSY);
    EQUAL(revoke_all(a), 0);
    CHECK(cap_of(t, a)->prev == cap_of(t, b1) && !cap_of(t, a)->next);
    EQUAL(sys_cap_drop(0, a), 0);
    audit();
}

/* While a revocation is under way nothing can be derived below, at any depth, but beside it. */
static void revoking_refuses(void) {
    machine_start(2);
    struct table *t = first_table();
    exo_cap_t a = derive(H(SLOT_RAM), PFN, 8, RAM_RIGHTS, 0, A), a1 = derive(a, PFN, 8, RAM_RIGHTS, 0, A + 1);
    exo_cap_t a2 = derive(a1, PFN, 8, RAM_RIGHTS, 0, A + 2);
    derive(a2, PFN, 8, RAM_RIGHTS, 0, A + 3);
    CHECK(!cap_revoke_step(cap_of(t, a)));
    EQUAL(sys_cap_derive(a, PFN, 1, 0, 0, A + 4), -EXO_EREVOKE);
    EQUAL(sys_cap_derive(a1, PFN, 1, 0, 0, A + 4), -EXO_EREVOKE);
    EQUAL(sys_cap_derive(a2, PFN, 1, 0, 0, A + 4), -EXO_EREVOKE);
    EQUAL(make_object(0, a1, PFN, EXO_CREATE(EXO_KIND_PT1, 1), A + 4, 0), -EXO_EREVOKE);
    derive(H(SLOT_RAM), PFN, 1, 0, 0, A + 4);
    EQUAL(revoke_all(a), 0);
    derive(a, PFN, 1, 0, 0, A + 5);
}

/* Another table: grant needs GRANT, and writing into the table WRITE. */
static void grant(void) {
    struct cap *c;

    machine_start(2);
    exo_cap_t table = create(EXO_KIND_TABLE, 1, PFN, A, 0), weak = derive(table, PFN, 1, EXO_R_READ, 0, A + 1);
    exo_cap_t kept = derive(H(SLOT_RAM), PFN + 8, 1, EXO_R_READ, 0, A + 2);
    EQUAL(sys_cap_derive(kept, PFN + 8, 1, EXO_R_READ, table, 4), -EXO_EPERM);
    EQUAL(sys_cap_derive(H(SLOT_RAM), PFN + 8, 1, EXO_R_READ, weak, 4), -EXO_EPERM);
    EQUAL(sys_cap_derive(H(SLOT_RAM), PFN + 8, 1, EXO_R_READ, table, 3), -EXO_EBADCAP);
    EQUAL(sys_cap_derive(H(SLOT_RAM), PFN + 8, 1, EXO_R_READ, table, 64), -EXO_EBADCAP);
    EQUAL(sys_cap_derive(H(SLOT_RAM), PFN + 8, 1, EXO_R_READ, H(SLOT_RAM), 4), -EXO_ETYPE);
    exo_cap_t h = derive(H(SLOT_RAM), PFN + 8, 1, EXO_R_READ, table, 4);
    EQUAL(cap_any(frame_at(PFN), h, &c), 0);
    EQUAL(sys_cap_drop(weak, h), -EXO_EPERM);
    EQUAL(sys_cap_drop(table, h), 0);
}

static void inspect(void) {
    struct exo_cap_info info;

    machine_start(2);
    exo_cap_t table = create(EXO_KIND_TABLE, 1, PFN, A, 0), child = derive(H(SLOT_RAM), PFN + 8, 2, EXO_R_READ, 0, A + 1);
    EQUAL(sys_cap_inspect(0, A + 1, &info), 0);
    CHECK(info.handle == child && info.base == PFN + 8 && info.count == 2 && info.rights == EXO_R_READ && info.type == EXO_FRAME);
    CHECK(info.depth == 1 && info.flags == 0 && info.parent == H(SLOT_RAM));
    EQUAL(sys_cap_inspect(0, A, &info), 0);
    CHECK(info.handle == table && info.flags == EXO_CAP_OBJECT);
    EQUAL(sys_cap_inspect(0, SLOT_RAM, &info), 0);
    CHECK(info.flags == EXO_CAP_PARENT && info.depth == 0 && info.parent == 0);
    derive(H(SLOT_RAM), PFN + 9, 1, 0, table, 4);
    EQUAL(sys_cap_inspect(table, 4, &info), 0);
    CHECK(info.flags == EXO_CAP_FOREIGN && info.parent == 0); /* handles of other tables say nothing */
    EQUAL(sys_cap_inspect(table, 5, &info), 0);
    CHECK(info.type == 0 && info.handle == 0 && info.count == 0);
    EQUAL(sys_cap_inspect(table, EXO_TABLE_HEAD - 1, &info), -EXO_ERANGE);
    EQUAL(sys_cap_inspect(table, EXO_CAPS_PER_FRAME, &info), -EXO_ERANGE);
    EQUAL(sys_cap_inspect(0, A, BAD_POINTER), -EXO_EFAULT);
    exo_cap_t weak = derive(table, PFN, 1, EXO_R_WRITE, 0, A + 2);
    EQUAL(sys_cap_inspect(weak, 4, &info), -EXO_EPERM);
}

TESTS({"lookup errors", lookup_errors}, {"ranges", ranges}, {"depth limit", depth_limit}, {"worn-out slot", worn_out_slot},
      {"preorder", preorder}, {"revoking refuses", revoking_refuses}, {"grant", grant},
      {"inspect", inspect})
