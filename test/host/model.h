/* SPDX-License-Identifier: MIT */
/* What the exokernel's calls are documented to do, on plain data: no lists, no counters, no steps. A call that is made here
 * and in the kernel must give the same result and leave the same state. */
#pragma once

#include "ops.h"

enum { M_CAPS = 2048, M_PAGE_TABLES = 512, M_ENVS = 256, M_VCPUS = 256 };

struct mcap {
    uint32_t table, slot, generation; /* table = 0: free */
    uint8_t type, depth;
    bool object;
    uint16_t rights;
    uint64_t base, count;
    struct mcap *parent;
};

struct mtable {
    bool live;
    uint32_t pfn, slots;
    uint32_t generation[TABLE_FRAMES * EXO_CAPS_PER_FRAME]; /* of what is or will be in each slot */
};

struct mpt {
    uint32_t pfn, table; /* pfn = 0: free */
    unsigned level;
    uint64_t entry[512];
};

struct menv {
    uint32_t pfn, frames;
    uint32_t table; /* 0: it has ended */
    uint32_t root;
};

struct mvcpu {
    uint32_t pfn, env; /* env = 0: it has ended */
    uint32_t page, page_table;
};

extern struct model {
    struct mcap cap[M_CAPS];
    struct mtable table[AUDIT_TABLES];
    struct mpt pt[M_PAGE_TABLES];
    struct menv env[M_ENVS];
    struct mvcpu vcpu[M_VCPUS];
    struct exo_slot slot[EXO_SLOTS];
    uint8_t *type; /* of each frame */
} model;

/* Copies what machine_start has made. */
void model_start(void);

struct mtable *model_table(uint32_t pfn);
struct mpt *model_pt(uint32_t pfn);
struct menv *model_env(uint32_t pfn);
struct mvcpu *model_vcpu(uint32_t pfn);
struct mcap *model_at(uint32_t table, uint64_t slot);
struct mcap *model_add(struct mcap *parent, uint32_t table, uint32_t slot, uint8_t type, uint64_t base, uint64_t count, uint16_t rights);
bool model_has_children(const struct mcap *c);
/* Links to a page table and environments whose root it is; of plain memory: the entries that map the frame. */
unsigned model_links(uint32_t pfn, bool *writable);
bool model_mapped(uint64_t pfn);

/* Deletes c with all that is derived from it, or only the latter, and what it stood for. */
void model_delete(struct mcap *c);
void model_delete_children(struct mcap *c);

/* Errors that may be returned: bit n for error n. 0: the call succeeds, and *result is what it returns. */
uint32_t model_run(const struct op *op, long *result);

/* Fails unless the kernel's state is the model's. */
void model_compare(void);
