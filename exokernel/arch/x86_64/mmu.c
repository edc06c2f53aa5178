/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/mmu.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/gdt.h"
#include "bootmem.h"
#include "exo/abi/info.h"
#include "panic.h"
#include "percpu.h"

uint64_t *kernel_pml4;

static uint64_t device_end = DEVICE_BASE;

/* The entry for `va` whose page is 4 KiB << 9 * level; makes the tables on the way. */
static uint64_t *entry_at(uint64_t va, unsigned level) {
    uint64_t *table = kernel_pml4;
    for (unsigned l = 3;; l--) {
        uint64_t *entry = &table[va >> (12 + 9 * l) & 511];
        if (l == level)
            return entry;
        if (!*entry)
            *entry = boot_alloc(1) | PTE_P | PTE_W;
        table = phys_to_virt(*entry & PTE_ADDRESS);
    }
}

/* Maps whole pages, as large ones as alignment and CPU allow. */
static void map(uint64_t va, uint64_t phys, uint64_t size, uint64_t flags) {
    uint64_t *entry = NULL, last = 0;
    flags |= PTE_P | PTE_A | PTE_D | (cpu.pge ? PTE_G : 0);
    while (size) {
        unsigned level = cpu.page1g ? 2 : 1;
        uint64_t page = PAGE_SIZE << 9 * level;
        for (; level && (((va | phys) & (page - 1)) || size < page); page >>= 9)
            level--;
        bool next = entry && page == last && va & ((page << 9) - 1); /* in the same table */
        entry = next ? entry + 1 : entry_at(va, level);
        *entry = phys | flags | (level ? PTE_PS : 0);
        va += page, phys += page, size -= page, last = page;
    }
}

/* The direct map of [base, end): all writable, but for the kernel's text and constants. */
static void map_direct(uint64_t base, uint64_t end) {
    const uint64_t edges[] = {base, virt_to_phys(kernel_start), virt_to_phys(data_start), end};
    for (int i = 0; i < 3; i++) {
        uint64_t from = edges[i] < base ? base : edges[i], to = edges[i + 1] < end ? edges[i + 1] : end;
        if (from < to)
            map(DIRECT_BASE + from, from, to - from, PTE_NX | (i == 1 ? 0 : PTE_W));
    }
}

static void map_image(const char *from, const char *to, uint64_t flags) {
    for (; from < to; from += PAGE_SIZE) /* small pages, whatever the alignment */
        map((uint64_t)from, virt_to_phys(from), PAGE_SIZE, flags);
}

void mmu_init(void) {
    kernel_pml4 = phys_to_virt(boot_alloc(1));
    for (uint32_t i = 0; i < bootinfo.ranges; i++) {
        const struct exo_mem *r = &bootinfo.range[i];
        bool ram = r->type == MEM_USABLE || r->type == MEM_ACPI || r->type == MEM_NVS;
        if (ram && r->base < DIRECT_LIMIT)
            map_direct(r->base, r->base + r->size < DIRECT_LIMIT ? r->base + r->size : DIRECT_LIMIT);
    }
    map_image(kernel_start, rodata_start, 0);
    map_image(rodata_start, data_start, PTE_NX);
    map_image(data_start, kernel_end, PTE_NX | PTE_W);
    for (int i = 0; i < MAX_CPUS; i++)
        *entry_at((uint64_t)cpu_stacks[i].guard, 0) = 0;
    *entry_at(DEVICE_BASE, 0) = 0; /* its tables: device_map must not allocate later */
    write_cr3(virt_to_phys(kernel_pml4));
}

volatile void *device_map(uint64_t phys) {
    uint64_t va = device_end;
    if (va == DEVICE_BASE + 512 * PAGE_SIZE || phys >> cpu.phys_bits)
        panic("cannot map the device at 0x%lx", phys);
    device_end += PAGE_SIZE;
    map(va, phys & -PAGE_SIZE, PAGE_SIZE, PTE_NX | PTE_W | PTE_PWT | PTE_PCD);
    return (volatile void *)(va + phys % PAGE_SIZE);
}

/* No entry of ring 3 is global, so this drops them all; other page tables lose theirs when CR3 is next loaded. The epoch
   tells the libOS that what it unmapped before is forgotten. */
void tlb_flush(void) {
    write_cr3(read_cr3());
    this_cpu()->info->epoch++;
}
