/* SPDX-License-Identifier: MIT */
/* The rules for page-table entries, one by one: what is refused and why, and what the kernel makes of what it takes. */
#include "kit.h"

#include <string.h>

#include "audit.h"
#include "pte.h"

/* Page tables of the first table: two of each level; the frames that they are made of, and some to map. */
enum { SLOT = SLOT_FREE, PT_PFN = 100, PAGE_AT = 600, BIG = 1024 };
#define PT(level, which) H(SLOT + 2 * (level) + (which))
#define PT_FRAME(level, which) (PT_PFN + 2 * (level) + (which))
#define ENTRY(level, which, i) (((uint64_t *)frame_at(PT_FRAME(level, which)))[i])

static void start(void) {
    machine_start(3);
    for (int level = 1; level <= 4; level++)
        for (int i = 0; i < 2; i++)
            create(level, 1, PT_FRAME(level, i), SLOT + 2 * level + i, 0);
}

struct rule {
    exo_cap_t table, object;
    uint32_t index;
    uint64_t value;
    long result;
};

static void check_rules(const struct rule *rules, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct snapshot *before = snapshot_take();
        long result = set_entry(rules[i].table, rules[i].object, rules[i].index, rules[i].value);
        check_note("rule %zu: entry 0x%lx at %u", i, rules[i].value, rules[i].index);
        EQUAL(result, rules[i].result);
        if (result < 0)
            CHECK(!snapshot_differs(before, true));
        else
            snapshot_free(before);
        audit();
    }
}

#define CHECK_RULES(...)                                                \
    do {                                                                \
        const struct rule rules_[] = {__VA_ARGS__};                     \
        check_rules(rules_, sizeof rules_ / sizeof rules_[0]);          \
    } while (0)

#define RAM H(SLOT_RAM)

static void small_pages(void) {
    enum { SOME = SLOT + 20 };

    start();
    exo_cap_t read = derive(RAM, PAGE_AT, 4, EXO_R_READ, 0, SOME);
    exo_cap_t exec = derive(RAM, PAGE_AT, 4, EXO_R_READ | EXO_R_EXEC, 0, SOME + 1);
    exo_cap_t write = derive(RAM, PAGE_AT, 4, EXO_R_WRITE, 0, SOME + 2), none = derive(RAM, PAGE_AT, 4, 0, 0, SOME + 3);
    exo_cap_t part = derive(PT(1, 0), PT_FRAME(1, 0) * 512 + 8, 4, EXO_R_WRITE, 0, SOME + 4);
    exo_cap_t look = derive(PT(1, 0), PT_FRAME(1, 0) * 512, 512, EXO_R_READ, 0, SOME + 5);
    const uint64_t page = PAGE(PAGE_AT, EXO_NX);
    CHECK_RULES({PT(1, 0), read, 0, page, 1}, {PT(1, 0), read, 0, page | EXO_W, -EXO_EPERM},
                {PT(1, 0), read, 0, page & ~EXO_NX, -EXO_EPERM},
                {PT(1, 0), exec, 0, page & ~EXO_NX, 1}, {PT(1, 0), exec, 0, page | EXO_W, -EXO_EPERM},
                {PT(1, 0), write, 0, page | EXO_W, -EXO_EPERM}, {PT(1, 0), none, 0, page, -EXO_EPERM},
                {PT(1, 0), read, 1, page + (4ul << 12), -EXO_ERANGE}, {PT(1, 0), read, 1, page - (1ul << 12), -EXO_ERANGE},
                {PT(1, 0), PT(1, 1), 1, page, -EXO_ETYPE}, {PT(1, 0), 0, 1, page, -EXO_EBADCAP}, {PT(1, 0), ~0ul, 1, page, -EXO_EBADCAP},
                {PT(1, 0), read + (1ul << 32), 1, page, -EXO_ESTALE}, {RAM, read, 1, page, -EXO_ETYPE}, {look, read, 1, page, -EXO_EPERM},
                {0, read, 1, page, -EXO_EBADCAP}, {PT(1, 0), read, 512, page, -EXO_ERANGE}, {part, read, 7, page, -EXO_ERANGE},
                {part, read, 12, page, -EXO_ERANGE}, {part, read, 11, page, 1}, {PT(1, 0), read, ~0u, page, -EXO_ERANGE});
    EQUAL(frames[PAGE_AT].refs, 2);
    EQUAL(ENTRY(1, 0, 11), page | EXO_U);
}

static void forbidden_bits(void) {
    static const uint64_t refused[] = {PTE_PWT, PTE_PCD, PTE_G, PTE_PS};
    static const uint64_t kept[] = {EXO_A, EXO_D, 0xe00, 0x7ful << 52, EXO_PTE_KEY, EXO_U};

    start();
    for (unsigned i = 0; i < 4; i++) {
        EQUAL(set_entry(PT(1, 0), RAM, 0, PAGE(PAGE_AT, refused[i])), -EXO_EENTRY);
        EQUAL(set_entry(PT(3, 0), PT(2, 0), 0, PAGE(PT_FRAME(2, 0), refused[i])), -EXO_EENTRY);
        if (refused[i] != PTE_PS)
            EQUAL(set_entry(PT(2, 0), RAM, 0, PAGE(BIG, EXO_PS | refused[i])), -EXO_EENTRY);
    }
    for (unsigned i = 0; i < 6; i++) {
        EQUAL(set_entry(PT(1, 0), RAM, 0, PAGE(PAGE_AT, kept[i])), 1);
        EQUAL(ENTRY(1, 0, 0), PAGE(PAGE_AT, kept[i] | EXO_U));
    }
    for (uint64_t bit = 40; bit < 52; bit++) /* beyond any physical address: no capability covers it */
        EQUAL(set_entry(PT(1, 0), RAM, 0, PAGE(PAGE_AT, 1ul << bit)), -EXO_ERANGE);
    for (uint64_t bit = 12; bit < 52; bit++)
        EQUAL(set_entry(PT(1, 0), 0, 0, 1ul << bit), -EXO_EENTRY);
    EQUAL(set_entry(PT(1, 0), 0, 0, 0x7fful << 52 | 0xffe), 1);
    EQUAL(ENTRY(1, 0, 0), 0x7fful << 52 | 0xffe);
    audit();
}

static void types_of_frames(void) {
    start();
    const uint64_t device = PAGE(AT_DEVICE, EXO_NX | EXO_W), high = PAGE(frame_count + 3, EXO_NX | EXO_W), info = PAGE(AT_INFO, EXO_NX);
    CHECK_RULES({PT(1, 0), RAM, 0, PAGE(PT_FRAME(1, 0), EXO_NX), -EXO_EFRAME},
                {PT(1, 0), RAM, 0, PAGE(PT_FRAME(4, 0), EXO_NX | EXO_W), -EXO_EFRAME},
                {PT(1, 0), H(SLOT_DEVICE), 1, device, 1}, {PT(1, 0), H(SLOT_HIGH_DEVICE), 2, high, 1},
                {PT(1, 0), H(SLOT_DEVICE), 3, device & ~EXO_NX, -EXO_EPERM}, {PT(1, 0), H(EXO_BOOT_INFO), 3, info, 1},
                {PT(1, 0), H(EXO_BOOT_INFO), 3, info | EXO_W, -EXO_EPERM});
    EQUAL(ENTRY(1, 0, 1), device | EXO_U | PTE_PWT | PTE_PCD);
    EQUAL(ENTRY(1, 0, 2), high | EXO_U | PTE_PWT | PTE_PCD);
    /* Even whoever had the right could not do it. */
    cap_of(first_table(), H(EXO_BOOT_INFO))->rights |= EXO_R_WRITE;
    cap_of(first_table(), H(SLOT_DEVICE))->rights |= EXO_R_EXEC;
    cap_of(first_table(), H(SLOT_RAM))->base = 0;
    cap_of(first_table(), H(SLOT_RAM))->count = frame_count;
    CHECK_RULES({PT(1, 0), H(EXO_BOOT_INFO), 4, info | EXO_W, -EXO_EFRAME}, {PT(1, 0), H(SLOT_DEVICE), 4, device & ~EXO_NX, -EXO_EFRAME},
                {PT(1, 0), RAM, 4, PAGE(1, EXO_NX), -EXO_EFRAME}, {PT(1, 0), RAM, 4, PAGE(AT_TABLE, EXO_NX), -EXO_EFRAME},
                {PT(1, 0), RAM, 4, PAGE(AT_ENV, EXO_NX), -EXO_EFRAME}, {PT(1, 0), RAM, 4, PAGE(AT_VCPU, EXO_NX), -EXO_EFRAME});
}

static void large_pages(void) {
    start();
    const uint64_t big = PAGE(BIG, EXO_PS | EXO_NX);
    CHECK_RULES({PT(2, 0), RAM, 0, big | EXO_W, 1}, {PT(2, 0), RAM, 1, big + (1ul << 12), -EXO_EENTRY},
                {PT(2, 0), RAM, 1, big + (256ul << 12), -EXO_EENTRY},
                {PT(2, 0), RAM, 1, PAGE(512, EXO_PS | EXO_NX), 1},                       /* plain throughout */
                {PT(2, 0), RAM, 1, PAGE(0, EXO_PS | EXO_NX), -EXO_ERANGE},               /* not all of it held */
                {PT(2, 0), RAM, 1, PAGE(BIG + 512, EXO_PS | EXO_NX), -EXO_ERANGE}, {PT(3, 0), RAM, 1, big, -EXO_EENTRY},
                {PT(4, 0), RAM, 1, big, -EXO_EENTRY}, {PT(2, 0), PT(1, 0), 1, big, -EXO_ETYPE});
    EQUAL(chunks[2].large, 1);
    EQUAL(make_object(0, RAM, BIG + 7, EXO_CREATE(EXO_KIND_PT1, 1), SLOT + 20, 0), -EXO_EBUSY);
    EQUAL(set_entry(PT(2, 0), 0, 0, 0), 1);
    EQUAL(set_entry(PT(2, 0), 0, 1, 0), 1);
    create(EXO_KIND_PT1, 1, BIG + 7, SLOT + 20, 0);
    EQUAL(set_entry(PT(2, 0), RAM, 0, big), -EXO_EFRAME); /* a page table in the middle */
    EQUAL(set_entry(PT(2, 0), RAM, 0, PAGE(0, EXO_PS | EXO_NX)), -EXO_ERANGE);
    audit();
}

static void levels(void) {
    start();
    for (int upper = 1; upper <= 4; upper++)
        for (int lower = 1; lower <= 4; lower++) {
            uint64_t link = PAGE(PT_FRAME(lower, 1), 0);
            long result = set_entry(PT(upper, 0), PT(lower, 1), 3, link);
            EQUAL(result, upper == 1 ? -EXO_ETYPE : lower == upper - 1 ? 1 : -EXO_EFRAME);
        }
    exo_cap_t part = derive(PT(1, 0), PT_FRAME(1, 0) * 512, 511, EXO_R_ALL, 0, SLOT + 20);
    exo_cap_t look = derive(PT(1, 0), PT_FRAME(1, 0) * 512, 512, EXO_R_READ, 0, SLOT + 21);
    CHECK_RULES({PT(2, 0), part, 0, PAGE(PT_FRAME(1, 0), 0), -EXO_ERANGE}, {PT(2, 0), look, 0, PAGE(PT_FRAME(1, 0), 0), -EXO_EPERM},
                {PT(2, 0), PT(1, 0), 0, PAGE(PT_FRAME(1, 1), 0), -EXO_ERANGE}, {PT(2, 0), RAM, 0, PAGE(PT_FRAME(1, 0), 0), -EXO_ETYPE},
                {PT(4, 0), PT(3, 0), EXO_SELF_SLOT, PAGE(PT_FRAME(3, 0), 0), -EXO_EENTRY}, {PT(4, 0), 0, EXO_SELF_SLOT, 0, -EXO_EENTRY},
                {PT(4, 0), PT(3, 0), 256, PAGE(PT_FRAME(3, 0), 0), -EXO_EENTRY}, {PT(4, 0), 0, 511, 0, -EXO_EENTRY},
                {PT(4, 0), PT(3, 0), EXO_SELF_SLOT - 1, PAGE(PT_FRAME(3, 0), 0), 1});
}

/* A writable link is the only one. */
static void writable_links(void) {
    start();
    const uint64_t link = PAGE(PT_FRAME(1, 0), 0);
    CHECK_RULES({PT(2, 0), PT(1, 0), 0, link | EXO_W, 1}, {PT(2, 0), PT(1, 0), 1, link, -EXO_EBUSY},
                {PT(2, 1), PT(1, 0), 0, link | EXO_W, -EXO_EBUSY}, {PT(2, 0), PT(1, 0), 0, link, 1},
                {PT(2, 0), PT(1, 0), 0, link | EXO_W, 1}, {PT(2, 0), PT(1, 0), 0, link, 1}, {PT(2, 1), PT(1, 0), 0, link, 1},
                {PT(2, 0), PT(1, 0), 0, link | EXO_W, -EXO_EBUSY}, {PT(2, 1), PT(1, 0), 1, link | EXO_W, -EXO_EBUSY},
                {PT(2, 1), 0, 0, 0, 1}, {PT(2, 0), PT(1, 0), 0, link | EXO_W, 1},
                {PT(2, 0), PT(1, 1), 0, PAGE(PT_FRAME(1, 1), EXO_W), 1}, {PT(2, 1), PT(1, 0), 5, link | EXO_W, 1});
    EQUAL(frames[PT_FRAME(1, 0)].refs, 1);
    EQUAL(sys_cap_drop(0, PT(1, 0)), -EXO_EBUSY);
}

static void clones(void) {
    enum { LINKS = 5 };

    start();
    EQUAL(set_entry(PT(1, 0), RAM, 0, PAGE(PAGE_AT, EXO_W | EXO_NX)), 1);
    EQUAL(set_entry(PT(1, 0), 0, 1, 1ul << 55), 1);
    EQUAL(clone_table(PT(1, 1), PT(1, 0), 2), -EXO_EINVAL);
    EQUAL(clone_table(PT(1, 0), PT(1, 0), 0), -EXO_EFRAME);
    EQUAL(clone_table(PT(2, 0), PT(1, 0), 0), -EXO_EFRAME);
    EQUAL(clone_table(PT(4, 0), PT(4, 1), 0), -EXO_EFRAME);
    EQUAL(clone_table(PT(1, 1), PT(1, 0), 0), 1);
    EQUAL(ENTRY(1, 0, 0), PAGE(PAGE_AT, EXO_W | EXO_NX | EXO_U));
    EQUAL(ENTRY(1, 1, 0), PAGE(PAGE_AT, EXO_NX | EXO_U));
    EQUAL(ENTRY(1, 1, 1), 0);
    EQUAL(frames[PAGE_AT].refs, 2);
    EQUAL(clone_table(PT(1, 1), PT(1, 0), 0), -EXO_EBUSY);
    EQUAL(set_entry(PT(2, 0), PT(1, 0), LINKS, PAGE(PT_FRAME(1, 0), EXO_W)), 1);
    EQUAL(clone_table(PT(2, 1), PT(2, 0), 0), -EXO_EBUSY); /* a writable link cannot be shared */
    EQUAL(clone_table(PT(2, 1), PT(2, 0), EXO_CLONE_PROTECT), 1);
    EQUAL(ENTRY(2, 0, LINKS), PAGE(PT_FRAME(1, 0), EXO_U));
    EQUAL(ENTRY(2, 1, LINKS), PAGE(PT_FRAME(1, 0), EXO_U));
    EQUAL(frames[PT_FRAME(1, 0)].refs, 2);
    audit();
}

/* Old translations go exactly when an entry loses something. */
static void flushes(void) {
    static const struct { uint64_t from, to; bool flush; } cases[] = {
        {0, PAGE(PAGE_AT, EXO_W), false}, {PAGE(PAGE_AT, EXO_NX), PAGE(PAGE_AT, EXO_NX | EXO_W), false},
        {PAGE(PAGE_AT, EXO_NX), PAGE(PAGE_AT, 0), false}, {PAGE(PAGE_AT, 0), PAGE(PAGE_AT, EXO_A | EXO_D), false},
        {PAGE(PAGE_AT, 0), 0, true}, {PAGE(PAGE_AT, EXO_W), PAGE(PAGE_AT, 0), true}, {PAGE(PAGE_AT, 0), PAGE(PAGE_AT, EXO_NX), true},
        {PAGE(PAGE_AT, 0), PAGE(PAGE_AT + 1, 0), true}, {PAGE(PAGE_AT, EXO_D), PAGE(PAGE_AT, 0), true},
        {PAGE(PAGE_AT, EXO_A), PAGE(PAGE_AT, 0), true}, {PAGE(PAGE_AT, 0), PAGE(PAGE_AT, 1ul << 59), true},
    };

    start();
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        EQUAL(set_entry(PT(1, 0), 0, 0, 0), 1);
        EQUAL(set_entry(PT(1, 0), RAM, 0, cases[i].from), 1);
        uint32_t before = machine_flushes;
        EQUAL(set_entry(PT(1, 0), RAM, 0, cases[i].to), 1);
        check_note("case %u", i);
        EQUAL(machine_flushes - before, cases[i].flush);
    }
    EQUAL(set_entry(PT(1, 0), RAM, 0, PAGE(PAGE_AT, 0)), 1);
    uint32_t before = machine_flushes;
    EQUAL(drop_all(0, derive(RAM, PAGE_AT, 1, EXO_R_READ, 0, SLOT + 20)), 0);
    CHECK(machine_flushes > before && !frames[PAGE_AT].refs);
}

/* A batch stops before its first bad entry; what it remembers of the last entry does not outlive a change of table. */
static void batches(void) {
    start();
    struct exo_pte e[4] = {{PT(1, 0), RAM, PAGE(PAGE_AT, EXO_NX), 0, 0}, {PT(1, 0), RAM, PAGE(PAGE_AT + 1, EXO_NX), 1, 0},
                           {PT(1, 0), RAM, PAGE(PT_FRAME(1, 0), EXO_NX), 2, 0}, {PT(1, 0), RAM, PAGE(PAGE_AT + 3, EXO_NX), 3, 0}};
    EQUAL(sys_pte_update(0, e, 4, 0), 2);
    EQUAL(ENTRY(1, 0, 3), 0);
    EQUAL(sys_pte_update(0, e + 2, 2, 0), -EXO_EFRAME);
    EQUAL(sys_pte_update(0, e, EXO_PTE_BATCH_MAX + 1, 0), -EXO_EINVAL);
    EQUAL(sys_pte_update(0, e, 1, 2), -EXO_EINVAL);
    EQUAL(sys_pte_update(0, BAD_POINTER, 1, 0), -EXO_EFAULT);
    EQUAL(sys_pte_update(0, BAD_POINTER, 0, 0), 0);
    const struct exo_pte stale[] = {{PT(1, 0), RAM, PAGE(PAGE_AT, EXO_W), 8, 0}, {PT(2, 0), ~0ul, 0, 0, 0},
                                    {PT(2, 0), ~0ul, PAGE(PAGE_AT, EXO_W), 1, 0}};
    EQUAL(sys_pte_update(0, stale, 3, 0), 2);
    EQUAL(ENTRY(2, 0, 1), 0);
    const struct exo_pte same[] = {{PT(1, 0), RAM, PAGE(PAGE_AT, EXO_W), 9, 0}, {PT(2, 0), RAM, PAGE(PAGE_AT, EXO_W), 2, 0}};
    EQUAL(sys_pte_update(0, same, 2, 0), 1);
    EQUAL(ENTRY(2, 0, 2), 0);
    EQUAL(set_entry(~0ul, ~0ul, 0, 0), -EXO_EBADCAP);
    audit();
}

/* Page tables of another capability table: entries can be cleared, not made. */
static void foreign_tables(void) {
    enum { OTHER = 300 };

    start();
    exo_cap_t other = create(EXO_KIND_TABLE, 1, OTHER, SLOT + 20, 0);
    exo_cap_t pt = derive(PT(1, 0), PT_FRAME(1, 0) * 512, 512, EXO_R_ALL, other, 4), ram = derive(RAM, PAGE_AT, 8, RAM_RIGHTS, other, 5);
    EQUAL(set_entry(PT(1, 0), RAM, 0, PAGE(PAGE_AT, EXO_NX)), 1);
    act_as(frame_at(OTHER));
    EQUAL(set_entry(pt, ram, 1, PAGE(PAGE_AT, EXO_NX)), -EXO_EFRAME);
    EQUAL(set_entry(pt, 0, 0, 0), 1);
    EQUAL(frames[PAGE_AT].refs, 0);
    long own = make_object(0, ram, PAGE_AT + 1, EXO_CREATE(EXO_KIND_PT2, 1), 6, 0);
    EQUAL(set_entry(own, pt, 0, PAGE(PT_FRAME(1, 0), 0)), -EXO_EFRAME);
    act_as(first_table());
    EQUAL(set_entry(PT(2, 0), PT(1, 0), 0, PAGE(PT_FRAME(1, 0), EXO_W)), 1);
    audit();
}

TESTS({"small pages", small_pages}, {"forbidden bits", forbidden_bits}, {"types of frames", types_of_frames}, {"large pages", large_pages},
      {"levels", levels}, {"writable links", writable_links}, {"clones", clones}, {"flushes", flushes}, {"batches", batches},
      {"foreign tables", foreign_tables})
