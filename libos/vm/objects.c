/* SPDX-License-Identifier: MIT
 *
 * Frames for kernel objects: a zone of the buddy allocator that grows and shrinks
 * by chunks, none of which lies under a large mapping of the window.
 */
#include "vm/internal.h"

#define OBJECT_SPARE 128     /* free ones that stay when a chunk is given back  */

/* A chunk that pages used before is still in this process's window, and what is
 * mapped cannot become an object. It is free, so nobody looks at it meanwhile. */
bool objects_grow(void)
{
	uint64_t pfn = zone_take(ZONE_PAGES, 9);

	if (!pfn)
		return false;
	window_forget(pfn);
	struct page *p = page_struct(pfn);
	for (uint64_t i = 0; i < CHUNK_FRAMES; i++)
		p[i].flags |= PAGE_OBJECT;
	p->flags |= PAGE_SPLIT;
	zone_give(ZONE_OBJECTS, pfn, 9);
	return true;
}

/* Gives whole free chunks back to the pages. */
static void objects_shrink(struct pool_zone *z)
{
	while (z->free >= CHUNK_FRAMES + OBJECT_SPARE && z->orders >> 9) {
		uint64_t pfn = zone_take(ZONE_OBJECTS, 9);
		struct page *p = page_struct(pfn);

		for (uint64_t i = 0; i < CHUNK_FRAMES; i++)
			p[i].flags &= ~(PAGE_OBJECT | PAGE_SPLIT);
		zone_give(ZONE_PAGES, pfn, 9);
	}
}

uint64_t object_frame_alloc(unsigned count)
{
	struct pool *pool = vm_pool;
	unsigned order = 0;

	while (1u << order < count)
		order++;
	if (!count || order >= POOL_ORDERS)
		return 0;
	lock_take(&pool->lock);
	uint64_t pfn = zone_take(ZONE_OBJECTS, order);
	for (unsigned tries = 0; !pfn && tries < 2 && objects_grow(); tries++)
		pfn = zone_take(ZONE_OBJECTS, order);
	if (pfn)
		zone_give_run(ZONE_OBJECTS, pfn + count, pfn + (1ul << order));
	lock_drop(&pool->lock);
	return pfn;
}

void object_frame_free(uint64_t pfn, unsigned count)
{
	struct pool *pool = vm_pool;

	lock_take(&pool->lock);
	for (uint64_t i = pfn; i < pfn + count; i++)
		page_struct(i)->flags &= PAGE_SPLIT | PAGE_OBJECT;
	zone_give_run(ZONE_OBJECTS, pfn, pfn + count);
	objects_shrink(&pool->zone[ZONE_OBJECTS]);
	lock_drop(&pool->lock);
}
