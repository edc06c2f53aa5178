/* SPDX-License-Identifier: MIT */
/* Page tables: made of frames, written only here, and taken apart when they or what they map is revoked.
 *
 * Invariant: whatever a page table of capability table T maps or links lies in a capability of T that has those
 * rights, or did when T last held it: deleting that capability sweeps T's page tables. */
#pragma once

#include "cap.h"
#include "frame.h"

/* A batch in progress: the page table and the object that its last entry named, resolved, and whether old translations
   must go. */
#define NO_HANDLE (~0ul)
struct pte_batch {
    struct table *table;
    exo_cap_t pt_handle, object_handle; /* NO_HANDLE: none */
    struct cap *object;
    int object_error;    /* why there is none */
    uint64_t mask, want; /* the short way is for entries with (value & mask) == want */
    uint64_t *entries;   /* of the page table */
    uint32_t pt, first, count; /* the page table's frame; the entries that the capability covers */
    unsigned level;
    bool owned; /* the page table belongs to `table`, so entries may be added */
    bool flush;
};

void pte_batch_init(struct pte_batch *batch, struct table *t);
/* Validates and writes n entries; *done counts those that were written. 0 or the error of the first that was refused,
   which changed nothing. */
int pte_update(struct pte_batch *batch, const struct exo_pte *entries, uint64_t n, uint64_t *done);

/* Makes the plain, unmapped, zeroed frame a page table of t. */
void page_table_init(struct table *t, uint32_t pfn, uint32_t level);
/* Writes an entry unchecked, where nothing was present: at boot. */
void pte_write(uint32_t pt, uint32_t index, uint64_t value);
/* Clears entries [first, first + n). */
void page_table_clear(uint32_t pfn, uint32_t first, uint32_t n);
/* Gives the unlinked table's frame back as plain memory. */
void page_table_end(struct table *t, uint32_t pfn);

/* Removes from t's page tables all that leads to the frames of `cap` (FRAME) or links to its page table (PTE). Bounded;
   true when all tables were swept for it. */
bool sweep_step(struct table *t, struct cap *cap);

/* What the machine provides: no translation that was cached before is used afterwards. (arch) */
void tlb_flush(void);
