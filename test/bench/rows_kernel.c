/* SPDX-License-Identifier: MIT
 *
 * The exokernel's calls by themselves: none of the libOS's code is measured here.
 */
#include "bench.h"
#include <exo/names.h>
#include "posix/linux.h"
#include "vm/internal.h"

#define ENTRIES 64

static void derive_drop(void)
{
    uint32_t slot = cap_slot_alloc();
    uint64_t pfn = object_frame_alloc(1);
    exo_cap_t memory = frame_cap(pfn);
    long derived = exo_cap_derive(memory, pfn, 1, EXO_R_READ, 0, slot);

    bench_require(derived > 0 && exo_cap_drop(0, (exo_cap_t)derived) == 0, "a capability cannot be derived and dropped");
    BENCH("derive_drop", 100, exo_cap_drop(0, (exo_cap_t)exo_cap_derive(memory, pfn, 1, EXO_R_READ, 0, slot)));
    object_frame_free(pfn, 1);
    cap_slot_free(slot);
}

/* ---- page tables: 64 entries of a table, which are mapped but never touched --------- */

static struct exo_pte map[ENTRIES], unmap[ENTRIES];

static void update(const struct exo_pte *batch, uint64_t step)
{
    for (uint64_t i = 0; i < ENTRIES; i += step)
        bench_require(exo_pte_update(0, batch + i, step, 0) == (long)step, "pte_update refuses an entry");
}

static void entries_row(const char *name, const struct exo_pte *batch, uint64_t step, const struct exo_pte *undo)
{
    for (int number = -2; number < SAMPLES; number++) {
        uint64_t begin = ticks();

        for (uint64_t i = 0; i < ENTRIES; i += step)
            exo_pte_update(0, batch + i, step, 0);
        bench_sample(number, ticks() - begin);
        update(undo, ENTRIES);
    }
    bench_row(name, ENTRIES, bench_empty(ENTRIES / step));
}

static void page_tables(void)
{
    uint64_t at = (uint64_t)sys_mmap(NULL, 2 * CHUNK, 3 /* read, write */, 0x22 /* private, anonymous */, -1, 0);
    uint64_t chunk = (at + CHUNK - 1) & -CHUNK;

    bench_require(at < EXO_WINDOW && table_ensure(chunk, 1) == 0, "no page table");
    for (uint32_t i = 0; i < ENTRIES; i++) {
        void *page = page_alloc_zero(0);
        uint64_t pfn = page ? page_pfn(page) : 0;

        bench_require(page != NULL, "no memory");
        unmap[i] = (struct exo_pte){ .table = table_handle(chunk, 1), .index = i };
        map[i] = unmap[i];
        map[i].object = frame_cap(pfn);
        map[i].value = pfn << 12 | EXO_P | EXO_W | EXO_NX;
    }
    update(map, 1);
    update(unmap, 1);
    entries_row("pte_map_1", map, 1, unmap);
    entries_row("pte_map_64", map, ENTRIES, unmap);
    update(map, ENTRIES);
    entries_row("pte_unmap_1", unmap, 1, map);
    entries_row("pte_unmap_64", unmap, ENTRIES, map);
    update(unmap, ENTRIES);
    for (uint32_t i = 0; i < ENTRIES; i++)
        page_unref(page_at(map[i].value >> 12 & EXO_PTE_ADDR >> 12));
    sys_munmap((void *)at, 2 * CHUNK);
}

void bench_kernel(void)
{
    BENCH("null_call", 1000, exo_null());
    derive_drop();
    page_tables();
}
