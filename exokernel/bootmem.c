/* SPDX-License-Identifier: MIT */
#include "bootmem.h"

#include "arch/x86_64/mmu.h"
#include "lib.h"
#include "panic.h"

#define HELD_MAX 96

uint64_t ap_trampoline;

static struct {
    uint64_t base, end;
} held[HELD_MAX]; /* may overlap */
static uint32_t held_count;

void boot_hold(uint64_t base, uint64_t size) {
    uint64_t end = (base + size + PAGE_SIZE - 1) & -PAGE_SIZE;
    base &= -PAGE_SIZE;
    for (uint32_t i = 0; i < held_count; i++) {
        if (held[i].base <= base && base <= held[i].end) { /* successive allocations take one entry */
            held[i].end = end > held[i].end ? end : held[i].end;
            return;
        }
    }
    if (held_count == HELD_MAX)
        panic("boot memory too fragmented");
    held[held_count].base = base;
    held[held_count++].end = end;
}

/* The first free extent at or above `at`; *end is 0 if there is none. */
static uint64_t next_free(uint64_t at, uint64_t *end) {
    for (uint32_t r = 0; r < bootinfo.ranges; r++) {
        const struct exo_mem *range = &bootinfo.range[r];
        uint64_t base = range->base > at ? range->base : at;
        *end = range->base + range->size;
        if (range->type != MEM_USABLE || base >= *end)
            continue;
        for (uint32_t i = 0; i < held_count; i++) {
            if (held[i].base <= base && base < held[i].end) {
                base = held[i].end;
                *end = range->base + range->size;
                i = -1; /* look at all of them again from the new base */
            } else if (base < held[i].base && held[i].base < *end) {
                *end = held[i].base;
            }
        }
        if (base < *end)
            return base;
    }
    *end = 0;
    return 0;
}

void bootmem_init(void) {
    uint64_t end;
    boot_hold(0, 64 << 10); /* where firmware keeps its own data, whatever the map says */
    boot_hold(virt_to_phys(kernel_start), kernel_end - kernel_start);
    for (uint32_t i = 0; i < bootinfo.modules; i++)
        boot_hold(bootinfo.module[i].base, bootinfo.module[i].size);
    ap_trampoline = next_free(0, &end);
    if (ap_trampoline + PAGE_SIZE > 640 << 10)
        ap_trampoline = 0;
    boot_hold(ap_trampoline, PAGE_SIZE);
}

uint64_t boot_alloc(uint64_t pages) {
    uint64_t size = pages * PAGE_SIZE, end;
    for (uint64_t at = virt_to_phys(kernel_end);; at = end) {
        at = next_free(at, &end);
        if (!end)
            panic("no room for %lu pages", pages);
        if (end - at < size)
            continue;
        boot_hold(at, size);
        memset(phys_to_virt(at), 0, size);
        return at;
    }
}

uint32_t boot_free_ranges(struct exo_mem *out, uint32_t max) {
    uint32_t n = 0;
    uint64_t end;
    for (uint64_t at = 0; n < max; at = end) {
        at = next_free(at, &end);
        if (!end)
            break;
        out[n++] = (struct exo_mem){at, end - at, MEM_USABLE, 0};
    }
    return n;
}
