/* SPDX-License-Identifier: MIT */
#include "bootinfo.h"

#include "arch/x86_64/mmu.h"
#include "lib.h"
#include "panic.h"

#define MB2_LOADER_MAGIC 0x36d76289
#define PVH_MAGIC 0x336ec578
#define EARLY_LIMIT (1ul << 32) /* boot/entry.asm maps this much */
#define PHYS_END (1ul << 52)    /* no x86-64 CPU has more: sums stay far from overflow */
#define PAGE_MASK 4095ul

struct bootinfo bootinfo;

/* An array of memory ranges as the loader has it: entries of `stride` bytes that begin with base, size, type. */
struct raw_map {
    const uint8_t *entries;
    uint64_t count, stride;
};

static const void *readable(uint64_t phys, uint64_t size) {
    return phys && phys < EARLY_LIMIT && size <= EARLY_LIMIT - phys ? phys_to_virt(phys) : NULL;
}

/* At most `max` bytes of `from` are the loader's; the copy is always terminated. */
static void copy_string(char *to, uint64_t size, const char *from, uint64_t max) {
    uint64_t n = 0;
    for (; from && n < max && n < size - 1 && from[n]; n++)
        to[n] = from[n];
    to[n] = 0;
}

static void add_module(uint64_t base, uint64_t size) {
    if (size && base < PHYS_END && size <= PHYS_END - base && bootinfo.modules < EXO_MODULES_MAX) {
        bootinfo.module[bootinfo.modules].base = base;
        bootinfo.module[bootinfo.modules++].size = size;
    }
}

/* Copies ranges as whole pages: what is usable shrinks, all else grows. The usable ones come last, so that
   if there are too many ranges, no reserved one is forgotten under a usable one. */
static uint32_t collect(const struct raw_map *map, struct exo_mem *out) {
    uint32_t n = 0;
    for (int usable = 0; usable < 2; usable++) {
        for (uint64_t i = 0; i < map->count && n < EXO_MEM_MAX; i++) {
            struct exo_mem r;
            memcpy(&r, map->entries + i * map->stride, 20);
            if ((r.type == MEM_USABLE) != usable || r.size == 0 || r.base >= PHYS_END)
                continue;
            if (r.type < MEM_USABLE || r.type > MEM_BAD)
                r.type = MEM_RESERVED;
            uint64_t end = r.base + (r.size < PHYS_END - r.base ? r.size : PHYS_END - r.base);
            r.base = (r.base + (usable ? PAGE_MASK : 0)) & ~PAGE_MASK;
            end = (end + (usable ? 0 : PAGE_MASK)) & ~PAGE_MASK;
            if (end > r.base)
                out[n++] = (struct exo_mem){r.base, end - r.base, r.type, 0};
        }
    }
    return n;
}

/* Ranges may overlap: walk over their edges in order and take the highest type that covers each interval. */
static void set_memory(const struct raw_map *map) {
    static struct exo_mem raw[EXO_MEM_MAX];
    uint32_t n = collect(map, raw), out = 0;
    for (uint64_t at = 0, next; out < EXO_MEM_MAX; at = next) {
        uint32_t type = 0;
        next = UINT64_MAX;
        for (uint32_t i = 0; i < n; i++) {
            uint64_t base = raw[i].base, end = base + raw[i].size;
            if (base <= at && at < end && raw[i].type > type)
                type = raw[i].type;
            if (base > at && base < next)
                next = base;
            if (end > at && end < next)
                next = end;
        }
        if (next == UINT64_MAX)
            break;
        struct exo_mem *last = out ? &bootinfo.range[out - 1] : NULL;
        if (last && type == last->type && last->base + last->size == at)
            last->size += next - at;
        else if (type)
            bootinfo.range[out++] = (struct exo_mem){at, next - at, type, 0};
    }
    bootinfo.ranges = out;
}

/* Multiboot2 specification, 3.6. Tags follow each other at multiples of 8. */
struct mb2_tag {
    uint32_t type, size;
    uint8_t data[];
};

enum { TAG_END = 0, TAG_CMDLINE = 1, TAG_LOADER = 2, TAG_MODULE = 3, TAG_MMAP = 6, TAG_FRAMEBUFFER = 8 };
enum { TAG_EFI32 = 11, TAG_EFI64 = 12, TAG_RSDP_OLD = 14, TAG_RSDP_NEW = 15 };

static void mb2_framebuffer(const uint8_t *data, uint32_t size) {
    struct exo_framebuffer *fb = &bootinfo.fb;
    if (size < 22)
        return;
    memcpy(&fb->base, data, 20); /* address, pitch, width, height */
    fb->bpp = data[20];
    fb->type = data[21];
    if (fb->type == FB_RGB && size >= 30)
        memcpy(&fb->red_pos, data + 24, 6);
}

static void mb2_tag(uint32_t type, const uint8_t *data, uint32_t size) {
    uint32_t words[2] = {0};
    memcpy(words, data, size < 8 ? size : 8);
    switch (type) {
    case TAG_CMDLINE:
        copy_string(bootinfo.cmdline, sizeof bootinfo.cmdline, (const char *)data, size);
        break;
    case TAG_LOADER:
        copy_string(bootinfo.loader, sizeof bootinfo.loader, (const char *)data, size);
        break;
    case TAG_MODULE:
        if (words[1] > words[0])
            add_module(words[0], words[1] - words[0]);
        break;
    case TAG_MMAP:
        if (size >= 8 && words[0] >= 20)
            set_memory(&(struct raw_map){data + 8, (size - 8) / words[0], words[0]});
        break;
    case TAG_FRAMEBUFFER:
        mb2_framebuffer(data, size);
        break;
    case TAG_EFI32: case TAG_EFI64:
        bootinfo.efi = true;
        break;
    case TAG_RSDP_OLD: case TAG_RSDP_NEW:
        if (size >= 20 && (type == TAG_RSDP_NEW || !bootinfo.rsdp))
            bootinfo.rsdp = virt_to_phys(data);
        break;
    }
}

static void parse_multiboot2(uint64_t info) {
    const uint32_t *header = readable(info, 8);
    const uint8_t *base = header ? readable(info, header[0]) : NULL;
    if (!base)
        panic("Multiboot2 information out of reach");
    for (uint64_t at = 8, total = header[0]; at + 8 <= total;) {
        const struct mb2_tag *tag = (const struct mb2_tag *)(base + at);
        if (tag->type == TAG_END || tag->size < 8 || tag->size > total - at)
            break;
        mb2_tag(tag->type, tag->data, tag->size - 8);
        at += (tag->size + 7ul) & ~7ul;
    }
}

/* Xen's public/arch-x86/hvm/start_info.h */
struct pvh_info {
    uint32_t magic, version, flags, modules;
    uint64_t module_list, cmdline, rsdp;
    uint64_t memory_map; /* since version 1 */
    uint32_t memory_entries, reserved;
};

static void parse_pvh(uint64_t phys) {
    const struct pvh_info *info = readable(phys, sizeof *info);
    if (!info || info->magic != PVH_MAGIC || info->version < 1)
        panic("PVH start_info without a memory map");
    copy_string(bootinfo.loader, sizeof bootinfo.loader, "PVH", 3);
    if (readable(info->cmdline, 1))
        copy_string(bootinfo.cmdline, sizeof bootinfo.cmdline, phys_to_virt(info->cmdline), EARLY_LIMIT - info->cmdline);
    bootinfo.rsdp = info->rsdp;

    const uint64_t(*list)[4] = readable(info->module_list, info->modules * 32ul);
    for (uint32_t i = 0; list && i < info->modules && i < EXO_MODULES_MAX; i++)
        add_module(list[i][0], list[i][1]);
    const void *map = readable(info->memory_map, info->memory_entries * 24ul);
    if (map)
        set_memory(&(struct raw_map){map, info->memory_entries, 24});
}

void bootinfo_parse(uint32_t magic, uint64_t info_phys, uint64_t entry_tsc) {
    bootinfo.entry_tsc = entry_tsc;
    if (magic == MB2_LOADER_MAGIC)
        parse_multiboot2(info_phys);
    else if (magic == PVH_MAGIC)
        parse_pvh(info_phys);
    else
        panic("neither Multiboot2 nor PVH: magic 0x%x", magic);
    if (!bootinfo.ranges)
        panic("no memory map");
}
