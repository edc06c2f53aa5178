/* SPDX-License-Identifier: MIT */
/* What the loader told, from Multiboot2 or PVH, copied and clipped: nothing else reads the loader's memory. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BOOT_MODULES_MAX 8
#define BOOT_RANGES_MAX 128

/* The types of E820. */
enum { MEM_USABLE = 1, MEM_RESERVED = 2, MEM_ACPI = 3, MEM_NVS = 4, MEM_BAD = 5 };

struct mem_range {
    uint64_t base, size;
    uint32_t type, reserved;
};

enum { FB_INDEXED = 0, FB_RGB = 1, FB_TEXT = 2, FB_NONE = 255 };

struct framebuffer {
    uint64_t address;
    uint32_t pitch, width, height;
    uint8_t bpp, type;
    uint8_t red_at, red_bits, green_at, green_bits, blue_at, blue_bits; /* FB_RGB only */
};

/* Written by bootinfo_parse, read-only afterwards. */
struct bootinfo {
    uint64_t entry_tsc; /* at the first instruction */
    uint64_t rsdp;      /* physical address of the RSDP or 0; under Multiboot2 of a copy in free memory */
    bool efi;           /* the firmware is UEFI */
    uint32_t modules, ranges;
    struct {
        uint64_t base, size; /* base + size is at most 2^52 */
    } module[BOOT_MODULES_MAX];
    struct mem_range range[BOOT_RANGES_MAX]; /* sorted, disjoint, whole pages; of two claims the more reserved one */
    struct framebuffer fb;
    char cmdline[2048], loader[64]; /* terminated */
};
extern struct bootinfo bootinfo;

void bootinfo_parse(uint32_t magic, uint64_t info_phys, uint64_t entry_tsc);
