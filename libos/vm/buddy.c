/* SPDX-License-Identifier: MIT
 *
 * The buddy allocator: free blocks of 2^order frames, aligned to their size, in
 * lists by order. A block's state is in the struct page of its first frame. All
 * of it runs under pool->lock.
 */
#include "vm/internal.h"

static void list_push(struct pool_zone *z, uint64_t pfn, struct page *p, unsigned order)
{
	p->prev = 0;
	p->next = z->head[order];
	if (p->next)
		page_struct(p->next)->prev = pfn;
	z->head[order] = pfn;
	z->orders |= 1u << order;
}

static void list_remove(struct pool_zone *z, struct page *p, unsigned order)
{
	if (p->next)
		page_struct(p->next)->prev = p->prev;
	if (p->prev)
		page_struct(p->prev)->next = p->next;
	else if (!(z->head[order] = p->next))
		z->orders &= ~(1u << order);
}

static uint8_t zone_flags(unsigned zone)
{
	return PAGE_FREE | (zone == ZONE_OBJECTS ? PAGE_OBJECT : 0);
}

static void mark_free(struct page *p, unsigned zone, unsigned order)
{
	p->refs = 0;
	p->order = order;
	p->flags = (p->flags & PAGE_SPLIT) | zone_flags(zone);
}

uint64_t zone_take(unsigned zone, unsigned order)
{
	struct pool_zone *z = &vm_pool->zone[zone];

	if (!(z->orders >> order))
		return 0;
	unsigned have = order + __builtin_ctz(z->orders >> order);
	uint64_t pfn = z->head[have];
	struct page *p = page_struct(pfn);
	list_remove(z, p, have);
	while (have > order) {          /* the upper halves stay free */
		have--;
		mark_free(p + (1ul << have), zone, have);
		list_push(z, pfn + (1ul << have), p + (1ul << have), have);
	}
	p->flags &= ~PAGE_FREE;
	p->order = order;
	z->free -= 1ul << order;
	return pfn;
}

void zone_give(unsigned zone, uint64_t pfn, unsigned order)
{
	struct pool_zone *z = &vm_pool->zone[zone];
	uint8_t wanted = zone_flags(zone), mask = PAGE_FREE | PAGE_OBJECT;

	z->free += 1ul << order;
	while (order < POOL_ORDERS - 1) {
		uint64_t buddy = pfn ^ 1ul << order;
		struct page *b = page_struct(buddy);

		if (!b || (b->flags & mask) != wanted || b->order != order)
			break;
		list_remove(z, b, order);
		b->flags &= ~PAGE_FREE;
		pfn &= ~(1ul << order);
		order++;
	}
	struct page *p = page_struct(pfn);
	mark_free(p, zone, order);
	list_push(z, pfn, p, order);
}

void zone_give_run(unsigned zone, uint64_t pfn, uint64_t end)
{
	while (pfn < end) {
		unsigned order = pfn ? __builtin_ctzl(pfn) : POOL_ORDERS - 1;

		if (order > POOL_ORDERS - 1)
			order = POOL_ORDERS - 1;
		while (1ul << order > end - pfn)
			order--;
		zone_give(zone, pfn, order);
		pfn += 1ul << order;
	}
}
