/* SPDX-License-Identifier: MIT */
#include "kit.h"

#include "exo/abi/types.h"

long make_object(exo_cap_t table, exo_cap_t from, uint64_t pfn, uint64_t kind, uint64_t slot, exo_cap_t arg) {
    machine_expose(pfn, kind >> 8);
    long result = sys_create(table, from, pfn, kind, slot, arg);
    machine_settle();
    return result;
}

exo_cap_t create(unsigned kind, uint64_t n, uint64_t pfn, uint32_t slot, exo_cap_t arg) {
    long result = make_object(0, H(SLOT_RAM), pfn, EXO_CREATE(kind, n), slot, arg);

    if (result < 0)
        FAIL("create(kind %u, pfn 0x%lx, slot %u): %ld", kind, pfn, slot, result);
    return result;
}

exo_cap_t derive(exo_cap_t src, uint64_t base, uint64_t count, uint64_t rights, exo_cap_t table, uint64_t slot) {
    long result = sys_cap_derive(src, base, count, rights, table, slot);

    if (result < 0)
        FAIL("derive(0x%lx+0x%lx, slot %lu): %ld", base, count, slot, result);
    return result;
}

long set_entry(exo_cap_t pt, exo_cap_t object, uint32_t index, uint64_t value) {
    const struct exo_pte e = {pt, object, value, index, EXO_PTE_SET};
    return sys_pte_update(0, &e, 1, 0);
}

long clone_table(exo_cap_t to, exo_cap_t from, uint64_t flags) {
    const struct exo_pte e = {to, from, flags, 0, EXO_PTE_CLONE};
    return sys_pte_update(0, &e, 1, 0);
}

#define CALLS_MAX 100000

long revoke_all(exo_cap_t cap) {
    long result = -EXO_EAGAIN;

    for (int i = 0; i < CALLS_MAX && result == -EXO_EAGAIN; i++)
        result = sys_cap_revoke(cap);
    machine_settle();
    return result;
}

long drop_all(exo_cap_t table, exo_cap_t cap) {
    long result = -EXO_EAGAIN;

    for (int i = 0; i < CALLS_MAX && result == -EXO_EAGAIN; i++)
        result = sys_cap_drop(table, cap);
    machine_settle();
    return result;
}

struct cap *cap_of(struct table *t, exo_cap_t handle) {
    struct cap *c;
    int error = cap_any(t, handle, &c);

    if (error)
        FAIL("handle 0x%lx: error %d", handle, error);
    return c;
}
