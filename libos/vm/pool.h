/* SPDX-License-Identifier: MIT
 *
 * The application's frame pool, as it lies in the arena: shared by its
 * processes, at one address in all of them, kept across exec. It holds frame
 * numbers, handles and window addresses only. All fields are guarded by `lock`,
 * but for the slabs, which slab_lock guards, and for the ranges, which never
 * change after pool_init.
 */
#ifndef LIBOS_VM_POOL_H
#define LIBOS_VM_POOL_H
#include "core/core.h"

#define POOL_RANGES  32
#define POOL_ORDERS  11      /* blocks of 1 to 1024 frames                       */
#define SLAB_CLASSES 14

/* A run of frames that the pool was given: `frame` is a FRAME capability with all
 * rights that covers [base, base+count), numbered by pfn. */
struct pool_range {
	exo_cap_t frame;
	uint64_t base, count;
	struct page *pages;      /* struct page of frame `base`, in the window; pool_init's */
};

/* Free blocks by order, as lists of frame numbers (0 ends one), and which lists
 * are not empty. */
struct pool_zone {
	uint32_t head[POOL_ORDERS];
	uint32_t orders;
	uint64_t free;           /* frames                                           */
};

/* Frames that become kernel objects must not lie under a large mapping of the
 * window, so they come from 2 MiB chunks of their own. */
enum { ZONE_PAGES, ZONE_OBJECTS, ZONES };

struct pool {
	struct lock lock, slab_lock;
	uint32_t range_count;
	uint32_t hot, hot_count;         /* freed single frames, the last one first  */
	uint32_t zeroed, zeroed_count;   /* single frames full of zeros              */
	struct pool_zone zone[ZONES];
	uint64_t total, tables, slab_pages;
	struct pool_range range[POOL_RANGES]; /* the largest first                   */
	uint32_t slab[SLAB_CLASSES];     /* pages with a free object, first of a list */
	uint32_t slab_empty[SLAB_CLASSES]; /* one page without objects kept back     */
};
#endif
