/* SPDX-License-Identifier: MIT */
/* What there is, as root capabilities. What the kernel keeps for itself is left out here, and nowhere else. */
#include "arch/x86_64/acpi.h"
#include "arch/x86_64/apic.h"
#include "arch/x86_64/cpu.h"
#include "bootmem.h"
#include "exo/abi/info.h"
#include "first.h"
#include "frame.h"
#include "panic.h"

#define FRAME_RIGHTS (EXO_R_READ | EXO_R_WRITE | EXO_R_EXEC | EXO_R_RETYPE | EXO_R_GRANT)
#define DEVICE_RIGHTS (EXO_R_READ | EXO_R_WRITE | EXO_R_GRANT)
#define MSI_BASE 0xfee00000ul /* a write here raises an interrupt, on any CPU (SDM vol. 3, 11.11) */
#define MSI_SIZE 0x100000ul
#define RANGES_MAX 256

uint64_t granted_frames;
static uint32_t next_slot = EXO_BOOT_REST;
static struct span {
    uint64_t base, end; /* frames */
} ram[RANGES_MAX];
static uint32_t ram_count;

uint32_t root_slot(void) {
    return next_slot++;
}

static struct cap *root(struct table *t, uint8_t type, uint64_t base, uint64_t count, uint16_t rights) {
    struct cap *c = cap_insert_root(t, root_slot(), type, base, count, rights);
    if (!c)
        panic("the first capability table is full");
    return c;
}

/* Collects plain memory, sorted and merged. */
static void add_ram(uint64_t base, uint64_t end) {
    uint32_t at = 0;

    while (at < ram_count && ram[at].end < base)
        at++;
    if (at < ram_count && ram[at].base <= end) { /* touches this one, and perhaps those that follow */
        ram[at].base = base < ram[at].base ? base : ram[at].base;
        ram[at].end = end > ram[at].end ? end : ram[at].end;
        while (at + 1 < ram_count && ram[at + 1].base <= ram[at].end) {
            ram[at].end = ram[at + 1].end > ram[at].end ? ram[at + 1].end : ram[at].end;
            ram_count--;
            for (uint32_t i = at + 1; i < ram_count; i++)
                ram[i] = ram[i + 1];
        }
        return;
    }
    if (ram_count == RANGES_MAX)
        panic("memory too fragmented");
    for (uint32_t i = ram_count++; i > at; i--)
        ram[i] = ram[i - 1];
    ram[at] = (struct span){base, end};
}

void collect_memory(void) {
    static struct exo_mem free[EXO_MEM_MAX];
    uint32_t n = boot_free_ranges(free, EXO_MEM_MAX);

    for (uint32_t i = 0; i < n; i++)
        add_ram(free[i].base / PAGE_SIZE, (free[i].base + free[i].size) / PAGE_SIZE);
    for (uint32_t i = 0; i < bootinfo.modules; i++)
        add_ram(bootinfo.module[i].base / PAGE_SIZE, (bootinfo.module[i].base + bootinfo.module[i].size + PAGE_SIZE - 1) / PAGE_SIZE);
}

/* Device memory is where the memory map is silent. */
static void device_gap(struct table *t, uint64_t base, uint64_t end) {
    struct span kept[IOAPICS_MAX + 3] = {{MSI_BASE, MSI_BASE + MSI_SIZE}, {machine.lapic, machine.lapic + 1}, {machine.hpet, machine.hpet + 1}};
    uint32_t n = 3;

    for (uint32_t i = 0; i < machine.ioapics; i++)
        kept[n++] = (struct span){machine.ioapic[i].address, machine.ioapic[i].address + 1};
    while (base < end) {
        struct span first = {end, end};
        for (uint32_t i = 0; i < n; i++) {
            uint64_t from = kept[i].base / PAGE_SIZE, to = (kept[i].end + PAGE_SIZE - 1) / PAGE_SIZE;
            if (to > base && from < first.base)
                first = (struct span){from, to};
        }
        if (first.base > base) {
            root(t, EXO_FRAME, base, first.base - base, DEVICE_RIGHTS);
            if (base < frame_count)
                frames_type(base, first.base < frame_count ? first.base : frame_count, FT_MMIO);
        }
        base = first.end;
    }
}

static void devices(struct table *t) {
    uint64_t at = 0xa0000 / PAGE_SIZE, top = 1ul << (cpu.phys_bits < 46 ? cpu.phys_bits : 46) >> 12;

    for (uint32_t i = 0; i < bootinfo.ranges; i++) {
        const struct exo_mem *r = &bootinfo.range[i];
        uint64_t base = r->base / PAGE_SIZE, end = (r->base + r->size + PAGE_SIZE - 1) / PAGE_SIZE;
        if (base > at)
            device_gap(t, at, base < top ? base : top);
        at = end > at ? end : at;
    }
    device_gap(t, at, top);
}

/* The raw ACPI tables, to be read. They lie in reserved memory; a page that is something else already stays that. */
static void acpi_tables(struct table *t) {
    for (uint32_t i = 0; i < machine.tables; i++) {
        uint64_t pfn = machine.table[i].address / PAGE_SIZE, end = (machine.table[i].address + machine.table[i].size + PAGE_SIZE - 1) / PAGE_SIZE;
        uint64_t from = pfn;
        for (; pfn < end && pfn < frame_count; pfn++) {
            if (frame_types[pfn] == FT_INFO && pfn == from)
                from++; /* the page that the previous table ends in */
            else if (frame_types[pfn] == FT_KERNEL)
                frame_set_type(pfn, FT_INFO);
        }
        if (from < pfn)
            root(t, EXO_FRAME, from, pfn - from, EXO_R_READ | EXO_R_GRANT);
    }
}

/* The ports that are a way around the kernel: interrupt controllers, PIT, DMA, reset, SMI and PCI configuration. */
static void ports(struct table *t) {
    static const struct { uint16_t first, last; } kept[] = {
        {0x00, 0x0f}, {0x20, 0x21}, {0x40, 0x43}, {0x61, 0x61}, {0x81, 0x8f}, {0x92, 0x92}, {0xa0, 0xa1}, {0xb2, 0xb3},
        {0xc0, 0xdf}, {0xcf8, 0xcff}, {0xffff, 0xffff},
    };
    uint32_t at = 0;

    for (uint32_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (kept[i].first > at)
            root(t, EXO_PORT, at, kept[i].first - at, EXO_R_BIND | EXO_R_GRANT);
        at = kept[i].last + 1;
    }
}

struct cap *make_roots(struct table *t, uint64_t first_pfn, uint64_t first_frames) {
    struct cap *found = NULL;

    add_ram(first_pfn, first_pfn + first_frames);
    for (uint32_t i = 0; i < ram_count && ram[i].base < frame_count; i++) {
        ram[i].end = ram[i].end < frame_count ? ram[i].end : frame_count;
        frames_type(ram[i].base, ram[i].end, FT_USER);
        granted_frames += ram[i].end - ram[i].base;
        struct cap *c = root(t, EXO_FRAME, ram[i].base, ram[i].end - ram[i].base, FRAME_RIGHTS);
        if (cap_covers(c, first_pfn, first_frames))
            found = c;
    }
    devices(t);
    acpi_tables(t);
    ports(t);
    root(t, EXO_IRQ, 0, irq_sources(), EXO_R_BIND | EXO_R_GRANT);
    root(t, EXO_SLICE, 0, EXO_SLOTS, EXO_R_BIND | EXO_R_GRANT);
    return found;
}
