/* SPDX-License-Identifier: MIT */
/* Deriving: ranges and rights only shrink, slots are taken once, generations change. */
#include "rt.h"

#define MEM_RIGHTS (EXO_R_READ | EXO_R_WRITE | EXO_R_EXEC | EXO_R_RETYPE | EXO_R_GRANT)

static long derive(exo_cap_t src, uint64_t base, uint64_t count, uint64_t rights)
{
    return exo_cap_derive(src, base, count, rights, OWN, slot_take());
}

TEST(derive_is_what_was_asked)
{
    uint32_t slot = slot_take();
    long h = exo_cap_derive(mem.handle, mem.base + 10, 5, EXO_R_READ, OWN, slot);
    struct exo_cap_info c = inspect(slot);

    EQUAL(h, c.handle);
    EQUAL(c.type, EXO_FRAME);
    EQUAL(c.base, mem.base + 10);
    EQUAL(c.count, 5);
    EQUAL(c.rights, EXO_R_READ);
    EQUAL(c.parent, mem.handle);
    EQUAL(c.depth, inspect(EXO_HANDLE_SLOT(mem.handle)).depth + 1);
    EQUAL(c.flags, 0);
    CHECK(inspect(EXO_HANDLE_SLOT(mem.handle)).flags & EXO_CAP_PARENT);
}

TEST(derive_range)
{
    const uint64_t b = mem.base, n = mem.count;
    const struct { uint64_t base, count; } bad[] = {
        {b, 0}, {b + n, 1}, {b - 1, 1}, {b - 1, 2}, {b, n + 1}, {b + 1, n}, {b + n - 1, 2}, {0, ~0ul}, {b, ~0ul}, {b, -b}, {b, -b + 1},
        {~0ul, 1}, {~0ul, 2}, {b + n, ~0ul}, {b + 1, ~0ul}, {b + (1ul << 63), 1}, {b, 1ul << 63}, {b + (1ul << 32), 1}, {0, 0},
    };

    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        REFUSED(EXO_ERANGE, derive(mem.handle, bad[i].base, bad[i].count, EXO_R_READ));
    CHECK(derive(mem.handle, b, n, MEM_RIGHTS) > 0);
    CHECK(derive(mem.handle, b + n - 1, 1, 0) > 0);
}

TEST(derive_rights_only_shrink)
{
    long weak = derive(mem.handle, mem.base, 4, EXO_R_READ | EXO_R_GRANT);

    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t right = 1ul << bit;
        if (!(right & (EXO_R_READ | EXO_R_GRANT)))
            REFUSED(EXO_EPERM, derive(weak, mem.base, 1, right));
        if (!(right & MEM_RIGHTS))
            REFUSED(EXO_EPERM, derive(mem.handle, mem.base, 1, right | EXO_R_READ));
    }
    long none = derive(weak, mem.base, 1, 0);
    CHECK(none > 0);
    REFUSED(EXO_EPERM, derive(none, mem.base, 1, EXO_R_READ));
}

TEST(derive_slots)
{
    const uint64_t bad[] = {0, 1, 3, 4096, 65535, 1ul << 32 | 700, ~0ul, 1ul << 63};
    uint32_t slot = slot_take();

    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        REFUSED(EXO_EBADCAP, exo_cap_derive(mem.handle, mem.base, 1, EXO_R_READ, OWN, bad[i]));
    CHECK(exo_cap_derive(mem.handle, mem.base, 1, EXO_R_READ, OWN, slot) > 0);
    REFUSED(EXO_EEXIST, exo_cap_derive(mem.handle, mem.base, 1, EXO_R_READ, OWN, slot));
    REFUSED(EXO_EEXIST, exo_cap_derive(mem.handle, mem.base, 1, EXO_R_READ, OWN, EXO_BOOT_TABLE));
    REFUSED(EXO_EEXIST, exo_create(OWN, mem.handle, frame_take(1), EXO_CREATE(EXO_KIND_PT1, 1), slot, 0));
}

TEST(generation_changes)
{
    uint32_t slot = slot_take();
    long first = exo_cap_derive(mem.handle, mem.base, 1, EXO_R_READ, OWN, slot);

    EQUAL(exo_cap_drop(OWN, first), 0);
    REFUSED(EXO_ESTALE, exo_cap_drop(OWN, first));
    REFUSED(EXO_ESTALE, exo_cap_revoke(first));
    long second = exo_cap_derive(mem.handle, mem.base, 1, EXO_R_READ, OWN, slot);
    EQUAL(EXO_HANDLE_GEN(second), EXO_HANDLE_GEN(first) + 1);
    REFUSED(EXO_ESTALE, derive(first, mem.base, 1, 0));
    EQUAL(revoke(mem.handle), 0);
    REFUSED(EXO_ESTALE, exo_cap_drop(OWN, second));
}

TEST(derive_depth)
{
    long h = mem.handle;
    unsigned depth = inspect(EXO_HANDLE_SLOT(h)).depth;

    while (depth < EXO_DEPTH_MAX) {
        h = derive(h, mem.base, 1, MEM_RIGHTS);
        CHECK(h > 0);
        EQUAL(inspect(EXO_HANDLE_SLOT(h)).depth, ++depth);
    }
    REFUSED(EXO_EDEPTH, derive(h, mem.base, 1, EXO_R_READ));
    REFUSED(EXO_EDEPTH, exo_create(OWN, h, mem.base, EXO_CREATE(EXO_KIND_PT1, 1), slot_take(), 0));
}

/* Every other type of resource by the same rules. */
TEST(derive_other_types)
{
    struct range r[] = {find_cap(EXO_SLICE, 5, 0), find_cap(EXO_IRQ, 5, 0), find_cap(EXO_PORT, 0x3f8, 0)};

    for (unsigned i = 0; i < 3; i++) {
        long h = derive(r[i].handle, r[i].base + 1, 1, EXO_R_BIND);
        CHECK(h > 0);
        REFUSED(EXO_ERANGE, derive(r[i].handle, r[i].base + r[i].count, 1, EXO_R_BIND));
        REFUSED(EXO_ERANGE, derive(r[i].handle, r[i].base, r[i].count + 1, EXO_R_BIND));
        REFUSED(EXO_ERANGE, derive(h, r[i].base, 1, EXO_R_BIND));
        REFUSED(EXO_EPERM, derive(h, r[i].base + 1, 1, EXO_R_BIND | EXO_R_GRANT));
        REFUSED(EXO_EPERM, derive(r[i].handle, r[i].base, 1, EXO_R_CONTROL));
        EQUAL(revoke(r[i].handle), 0);
    }
    roots_restore();
    for (uint64_t bit = 0; bit < 64; bit += 21) {
        uint64_t base = inspect(EXO_BOOT_VCPU).base;
        long h = derive(BOOT(VCPU), base + bit, 1, EXO_R_RING);
        CHECK(h > 0);
        REFUSED(EXO_ERANGE, derive(BOOT(VCPU), base + 64 - bit, 1 + bit, EXO_R_RING));
        REFUSED(EXO_ERANGE, exo_doorbell(h, 1ul << ((bit + 1) % 64)));
        EQUAL(drop(OWN, h), 0);
    }
    roots_restore();
    REFUSED(EXO_ERANGE, derive(BOOT(ENV), inspect(EXO_BOOT_ENV).base, 2, EXO_R_CONTROL));
    REFUSED(EXO_ERANGE, derive(BOOT(TABLE), inspect(EXO_BOOT_TABLE).base + 1, 1, EXO_R_READ));
}
