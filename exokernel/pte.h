/* SPDX-License-Identifier: MIT */
/* Page tables: made of frames, written only here, and taken apart when they or what they map is revoked.
 *
 * Invariant: whatever a page table of capability table T maps or links lies in a capability of T that has those
 * rights, or did when T last held it: deleting that capability sweeps T's page tables. */
#ifndef EXOKERNEL_PTE_H
#define EXOKERNEL_PTE_H

#include "cap.h"
#include "frame.h"

/* What the entries of one batch have in common: handles that were resolved last, and whether old translations must go. */
struct pte_batch {
    struct table *table;
    exo_cap_t pt_handle, object_handle;
    struct cap *pt, *object;
    bool flush;
};

/* Validates and writes one entry: 0 or the error, which changes nothing. */
int pte_set(struct pte_batch *batch, const struct exo_pte *entry);

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

#endif
