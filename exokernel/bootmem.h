/* SPDX-License-Identifier: MIT */
/* Physical memory until the first environment gets it: what is held, and a bump allocator over the rest. */
#pragma once

#include <stdint.h>

#include "bootinfo.h"

/* A free page below 1 MiB that is in no range of boot_free_ranges, for starting other CPUs; 0 if there is none. */
extern uint64_t ap_trampoline;

/* After bootinfo_parse: holds the kernel image, the modules, the first 64 KiB and the trampoline. */
void bootmem_init(void);

/* Keeps what overlaps [base, base + size) from being allocated or handed on. */
void boot_hold(uint64_t base, uint64_t size);

/* Zeroed contiguous pages above the kernel image; panics when there are none. */
uint64_t boot_alloc(uint64_t pages);

/* All usable memory that nobody holds, sorted, whole pages; at most `max` ranges. Call it after the last boot_alloc. */
uint32_t boot_free_ranges(struct exo_mem *out, uint32_t max);
