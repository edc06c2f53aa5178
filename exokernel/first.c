/* SPDX-License-Identifier: MIT */
/* Builds the first environment in one block of memory: its table, environment, vCPU, page tables and the image of
 * `init`, an ELF file that is the first entry of the boot module (a cpio archive). The module is as trusted as the
 * kernel, so this only refuses what it cannot use. */
#include "first.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "bootmem.h"
#include "elf.h"
#include "env.h"
#include "frame.h"
#include "info.h"
#include "lib.h"
#include "main.h"
#include "panic.h"
#include "percpu.h"
#include "pte.h"
#include "sched.h"

#define TABLE_FRAMES 64
#define ENV_FRAMES 3

static uint64_t block_pfn, block_frames, block_used;

static uint64_t take(uint64_t n) {
    uint64_t pfn = block_pfn + block_used;

    block_used += n;
    if (block_used > block_frames)
        panic("the first environment's block is too small");
    return pfn;
}

/* ---- the image ------------------------------------------------------------------- */

static uint64_t hex(const char *digits) {
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value * 16 + (digits[i] <= '9' ? digits[i] - '0' : (digits[i] | 32) - 'a' + 10);
    return value;
}

/* The first file of a newc archive: magic, 13 numbers of 8 digits, name and data, both padded to 4 bytes. */
static const struct elf_header *find_init(void) {
    const char *module = phys_to_virt(bootinfo.module[0].base);

    if (!bootinfo.modules || bootinfo.module[0].size < 4096 || memcmp(module, "070701", 6))
        panic("no boot module: give a cpio archive that begins with init");
    uint64_t size = hex(module + 54), name = hex(module + 94), at = (110 + name + 3) & -4ul;
    const struct elf_header *elf = (const void *)(module + at);
    if (at + size > bootinfo.module[0].size || size < sizeof *elf || memcmp(elf->ident, "\177ELF\2\1", 6) || elf->machine != ELF_X86_64 ||
        elf->type != ELF_EXEC || elf->phoff + elf->phnum * sizeof(struct elf_segment) > size)
        panic("the boot module's first file is not an x86-64 executable");
    const struct elf_segment *s = (const void *)((const char *)elf + elf->phoff);
    for (int i = 0; i < elf->phnum; i++)
        if (s[i].type == ELF_LOAD && (s[i].offset > size || s[i].file_size > size - s[i].offset || s[i].file_size > s[i].mem_size ||
                                      s[i].address >= 1ul << 39 || s[i].mem_size > 1ul << 30))
            panic("init has a bad segment");
    return elf;
}

static const struct elf_segment *segment(const struct elf_header *elf, int i) {
    const struct elf_segment *s = (const struct elf_segment *)((const char *)elf + elf->phoff) + i;
    return s->type == ELF_LOAD ? s : NULL;
}

static uint64_t image_pages(const struct elf_header *elf) {
    uint64_t pages = 0;

    for (int i = 0; i < elf->phnum; i++) {
        const struct elf_segment *s = segment(elf, i);
        if (s) /* and the tables that it may need */
            pages += (s->address % 4096 + s->mem_size + 4095) / 4096 + s->mem_size / (2ul << 20) + 4;
    }
    return pages;
}

/* ---- page tables -------------------------------------------------------------------- */

struct build {
    struct table *table;
    struct cap *frames;
    uint32_t root;
};

static uint32_t new_page_table(struct build *b, unsigned level, uint32_t slot) {
    uint32_t pfn = take(1);

    page_table_init(b->table, pfn, level);
    cap_insert(b->frames, b->table, slot, EXO_PTE, (uint64_t)pfn * 512, 512, EXO_R_ALL)->flags |= CAP_OBJECT;
    return pfn;
}

/* The level-1 table for an address. */
static uint32_t leaf_table(struct build *b, uint64_t address) {
    uint32_t pt = b->root;

    for (unsigned level = 4; level > 1; level--) {
        uint32_t index = address >> (3 + 9 * level) & 511;
        uint64_t entry = ((uint64_t *)frame_at(pt))[index];
        if (!(entry & PTE_P)) {
            entry = (uint64_t)new_page_table(b, level - 1, root_slot()) << 12 | PTE_P | PTE_W | PTE_U;
            pte_write(pt, index, entry);
        }
        pt = (entry & PTE_ADDRESS) >> 12;
    }
    return pt;
}

static void load_segment(struct build *b, const struct elf_header *elf, const struct elf_segment *s) {
    const char *file = (const char *)elf + s->offset;
    uint64_t flags = PTE_P | PTE_U | (s->flags & ELF_W ? PTE_W : 0) | (s->flags & ELF_X ? 0 : PTE_NX);

    for (uint64_t at = s->address & -4096ul; at < s->address + s->mem_size; at += 4096) {
        uint64_t pfn = take(1), from = at > s->address ? at : s->address;
        uint64_t end = at + 4096 < s->address + s->file_size ? at + 4096 : s->address + s->file_size;
        if (from < end)
            memcpy((char *)frame_at(pfn) + from % 4096, file + (from - s->address), end - from);
        pte_write(leaf_table(b, at), at / 4096 % 512, pfn << 12 | flags);
    }
}

/* ---- all of it ------------------------------------------------------------------------- */

static void own(struct build *b, uint32_t slot, uint8_t type, uint64_t base, uint64_t count, uint16_t flags) {
    cap_insert(b->frames, b->table, slot, type, base, count, EXO_R_ALL)->flags |= flags;
}

static struct vcpu *make_objects(struct build *b, uint64_t table, uint64_t env, uint64_t vcpu, const struct elf_header *elf) {
    for (uint64_t i = 0; i < TABLE_FRAMES; i++)
        frame_set_type(table + i, FT_TABLE);
    for (uint64_t i = 0; i < ENV_FRAMES; i++)
        frame_set_type(env + i, FT_ENV);
    frame_set_type(vcpu, FT_VCPU);
    own(b, EXO_BOOT_TABLE, EXO_TABLE, table, 1, 0); /* not an object to drop: the first table stays */
    env_init(env, ENV_FRAMES, b->table);
    own(b, EXO_BOOT_ENV, EXO_ENV, env, 1, CAP_OBJECT);
    vcpu_init(vcpu, frame_at(env));
    own(b, EXO_BOOT_VCPU, EXO_VCPU, vcpu * 64, 64, CAP_OBJECT);
    b->root = new_page_table(b, 4, EXO_BOOT_ROOT);
    env_set_root(frame_at(env), b->root);

    struct vcpu *v = frame_at(vcpu);
    v->regs = (struct exo_regs){.rip = elf->entry, .cs = EXO_USER_CS, .ss = EXO_USER_SS, .rflags = RFLAGS_IF | 2, .rdi = EXO_START_BOOT};
    v->state = VCPU_READY;
    return v;
}

static struct exo_info *make_info(struct table *t) {
    uint64_t pfn = boot_alloc(EXO_INFO_FRAMES + 1) / PAGE_SIZE;

    for (uint64_t i = 0; i < EXO_INFO_FRAMES + 1; i++)
        frame_set_type(pfn + i, FT_INFO);
    cap_insert_root(t, EXO_BOOT_INFO, EXO_FRAME, pfn, EXO_INFO_FRAMES + 1, EXO_R_READ | EXO_R_GRANT);
    return frame_at(pfn);
}

static void make_frame_table(void) {
    uint64_t top = 0;

    for (uint32_t i = 0; i < bootinfo.ranges; i++)
        if (bootinfo.range[i].type == MEM_USABLE && bootinfo.range[i].base + bootinfo.range[i].size > top)
            top = bootinfo.range[i].base + bootinfo.range[i].size;
    if (top > FRAMES_LIMIT * PAGE_SIZE)
        top = FRAMES_LIMIT * PAGE_SIZE;
    uint32_t count = (top / PAGE_SIZE + 511) & -512ul;
    frame_table_init(phys_to_virt(boot_alloc((frame_table_bytes(count) + PAGE_SIZE - 1) / PAGE_SIZE)), count);
}

static void count_frames(struct exo_info *info) {
    for (uint32_t i = 0; i < bootinfo.ranges; i++)
        if (bootinfo.range[i].type == MEM_USABLE)
            info->frames_total += bootinfo.range[i].size / PAGE_SIZE;
    info->frames_kernel = info->frames_total - granted_frames;
    info->first = (struct exo_span){block_pfn * PAGE_SIZE, block_frames * PAGE_SIZE};
}

_Noreturn void first_env(void) {
    const struct elf_header *elf = find_init();
    struct build b;

    make_frame_table();
    block_frames = TABLE_FRAMES + ENV_FRAMES + 2 + image_pages(elf);
    block_pfn = boot_alloc(block_frames) / PAGE_SIZE;
    uint64_t table = take(TABLE_FRAMES), env = take(ENV_FRAMES), vcpu = take(1);
    b.table = frame_at(table);
    table_init(b.table, table, TABLE_FRAMES);
    struct exo_info *info = make_info(b.table);
    collect_memory();
    b.frames = make_roots(b.table, block_pfn, block_frames);
    struct vcpu *v = make_objects(&b, table, env, vcpu, elf);
    for (int i = 0; i < elf->phnum; i++)
        if (segment(elf, i))
            load_segment(&b, elf, segment(elf, i));
    boot_phase("first environment");
    info_init(info);
    count_frames(info);
    for (uint32_t i = 0; i < EXO_SLOTS; i++)
        percpu[0].info->slot[i] = (struct exo_slot){0, v->pfn, table};
    sched_start();
}
