/* SPDX-License-Identifier: MIT */
/* What the loader told, from Multiboot2 or PVH, copied and clipped: nothing else reads the loader's memory. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "exo/abi/info.h"

/* The types of E820. */
enum { MEM_USABLE = 1, MEM_RESERVED = 2, MEM_ACPI = 3, MEM_NVS = 4, MEM_BAD = 5 };

enum { FB_RGB = 1 };

/* Written by bootinfo_parse, read-only afterwards. */
struct bootinfo {
    uint64_t entry_tsc; /* at the first instruction */
    uint64_t rsdp;      /* physical address of the RSDP or 0; under Multiboot2 of a copy in free memory */
    bool efi;           /* the firmware is UEFI */
    uint32_t modules, ranges;
    struct exo_span module[EXO_MODULES_MAX]; /* base + size is at most 2^52 */
    struct exo_mem range[EXO_MEM_MAX]; /* sorted, disjoint, whole pages; of two claims the more reserved one */
    struct exo_framebuffer fb; /* base = 0: none */
    char cmdline[2048], loader[64]; /* terminated */
};
extern struct bootinfo bootinfo;

void bootinfo_parse(uint32_t magic, uint64_t info_phys, uint64_t entry_tsc);
