/* SPDX-License-Identifier: MIT */
/* The frame table: what each physical frame is, and how often it is mapped or linked.
 *
 * One entry for each frame below the end of RAM; whatever lies above is device memory. A frame becomes a kernel
 * object only while nothing maps it, and while it is one, no entry of a page table that ring 3 can reach leads to
 * it writable. Large mappings are counted by their 2 MiB chunk, so that both checks take constant time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mmu.h"

enum frame_type {
    FT_KERNEL, /* never to be mapped by ring 3 */
    FT_USER,   /* plain memory */
    FT_INFO,   /* mapped read-only */
    FT_MMIO,   /* mapped uncached, never executable */
    FT_PT1,    /* page tables: FT_PT1 + level - 1 */
    FT_PT2,
    FT_PT3,
    FT_PT4,
    FT_TABLE,
    FT_ENV,
    FT_VCPU,
};

struct frame {
    uint16_t wlink;  /* page table: its one link has the write bit */
    uint16_t pinned; /* plain memory: it is the shared page of vCPU `owner` */
    uint32_t refs;       /* small mappings; of a page table: links, or roots of environments */
    uint32_t owner;      /* page tables: pfn of the capability table that they belong to */
    uint32_t next, prev; /* page tables: list of that table (pfn, 0 ends it) */
    uint32_t root_id;    /* level-4 tables: another one each time the frame becomes one */
};

/* 32 GiB: however many of them are page tables, their 512 entries each cannot make a 32-bit count overflow. */
#define FRAMES_LIMIT (1ul << 23)

struct chunk {
    uint32_t special; /* frames that are not plain memory */
    uint32_t large;   /* large mappings */
};

extern uint8_t *frame_types; /* enum frame_type */
extern struct frame *frames;
extern struct chunk *chunks;
extern uint32_t frame_count; /* a multiple of 512 */

/* Memory for the tables comes from the caller: frame_table_bytes(n) for n frames, zeroed: all FT_KERNEL. */
uint64_t frame_table_bytes(uint32_t count);
void frame_table_init(void *memory, uint32_t count);
void frame_set_type(uint32_t pfn, enum frame_type type);
/* The same for [pfn, end), none of which is of a type that is counted or used already: at boot. */
void frames_type(uint32_t pfn, uint32_t end, enum frame_type type);
/* Whether all of [pfn, pfn + n) may become a kernel object: 0, -EXO_EFRAME, -EXO_EBUSY. */
int frames_retypable(uint64_t pfn, uint64_t n);
/* Whether something maps one of the frames. */
bool frame_mapped(uint64_t pfn);

static inline enum frame_type frame_type(uint64_t pfn) {
    return pfn < frame_count ? frame_types[pfn] : FT_MMIO;
}

static inline void *frame_at(uint64_t pfn) {
    return phys_to_virt(pfn << 12);
}

static inline uint32_t frame_of(const void *at) {
    return virt_to_phys(at) >> 12;
}
