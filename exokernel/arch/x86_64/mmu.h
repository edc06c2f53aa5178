/* SPDX-License-Identifier: MIT */
/* The kernel's half of every address space:
 *   0xffff800000000000  direct map of all RAM (one PML4 slot: 512 GiB)
 *   0xffffffff80000000  the kernel image, at its physical address plus this
 *   0xffffffffc0000000  devices that the kernel drives, uncached
 * The two PML4 entries that this takes never change after mmu_init, so a new root copies entries 256 to 511
 * of kernel_pml4 once. Nothing is mapped in the lower half. */
#pragma once

#include <stdint.h>

#define PAGE_SIZE 4096ul
#define DIRECT_BASE 0xffff800000000000ul
#define DIRECT_LIMIT (512ul << 30)
#define KERNEL_BASE 0xffffffff80000000ul
#define DEVICE_BASE 0xffffffffc0000000ul

#define PTE_P (1ul << 0)
#define PTE_W (1ul << 1)
#define PTE_U (1ul << 2)
#define PTE_PWT (1ul << 3)
#define PTE_PCD (1ul << 4) /* with PWT: uncached (cpu.c, PAT_VALUE) */
#define PTE_A (1ul << 5)
#define PTE_D (1ul << 6)
#define PTE_PS (1ul << 7)
#define PTE_G (1ul << 8)
#define PTE_NX (1ul << 63)
#define PTE_ADDRESS 0x000ffffffffff000ul

/* kernel.ld; all page aligned */
extern const char kernel_start[], rodata_start[], data_start[], kernel_end[];

extern uint64_t *kernel_pml4;

static inline void *phys_to_virt(uint64_t phys) {
    return (void *)(phys + DIRECT_BASE);
}

static inline uint64_t virt_to_phys(const void *at) {
    uint64_t v = (uint64_t)at;
    return v >= KERNEL_BASE ? v - KERNEL_BASE : v - DIRECT_BASE;
}

/* Builds and loads the final tables; until then the first 4 GiB are mapped writable. */
void mmu_init(void);

/* A window onto one page of device registers; keeps the offset of `phys` in its page. */
volatile void *device_map(uint64_t phys);
