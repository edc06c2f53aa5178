/* SPDX-License-Identifier: MIT */
/* Read before each kernel source that is compiled for the host (-include): the two headers of exokernel/arch whose inline
 * functions only ring 0 can run. Their constants are kept, their functions are renamed away, and machine.c has others.
 * Physical memory is an arena at a fixed address, so the direct map is an addition here too. */
#pragma once

#define sched_yield kernel_sched_yield /* the C library has another, which the sanitizer's own code calls */

#define phys_to_virt kernel_phys_to_virt
#define virt_to_phys kernel_virt_to_phys
#include "arch/x86_64/mmu.h"
#undef phys_to_virt
#undef virt_to_phys

#define ARENA_BASE 0x200000000000ul

static inline void *phys_to_virt(uint64_t phys) {
    return (void *)(ARENA_BASE + phys);
}

static inline uint64_t virt_to_phys(const void *at) {
    return (uint64_t)at - ARENA_BASE;
}

#define pause kernel_pause
#define rdtsc kernel_rdtsc
#define rdmsr kernel_rdmsr
#define wrmsr kernel_wrmsr
#define write_cr3 kernel_write_cr3
#define read_fs_base kernel_read_fs_base
#define write_fs_base kernel_write_fs_base
#include "arch/x86_64/cpu.h"
#undef pause
#undef rdtsc
#undef rdmsr
#undef wrmsr
#undef write_cr3
#undef read_fs_base
#undef write_fs_base

uint64_t rdtsc(void);
uint64_t rdmsr(uint32_t msr);
void wrmsr(uint32_t msr, uint64_t value);
void write_cr3(uint64_t value);
uint64_t read_fs_base(void);
void write_fs_base(uint64_t base);
