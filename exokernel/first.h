/* SPDX-License-Identifier: MIT */
/* The first environment: the kernel's last act of its own is to give everything away. */
#pragma once

#include "cap.h"

/* Root capabilities for all that the kernel does not keep, in slots from EXO_BOOT_REST on: devices, ports, interrupts,
   slices and memory; returns the one that covers frame `pfn`. (roots.c) */
struct cap *make_roots(struct table *t, uint64_t first_pfn, uint64_t first_frames);
/* Collects the memory that nobody holds, for make_roots, which types it. After the last boot_alloc. */
void collect_memory(void);
extern uint64_t granted_frames; /* plain memory that make_roots gave away */
/* The next free slot. */
uint32_t root_slot(void);
