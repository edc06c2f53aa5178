/* SPDX-License-Identifier: MIT
 *
 * Pages: frames of the pool with a reference count. Single frames go through two
 * short lists, of those freed last and of those zeroed in idle time; all else is
 * the buddy allocator's.
 */
#include "vm/internal.h"

#define HOT_MAX     64
#define HOT_ORDER   4        /* what an empty list is filled with               */
#define ZEROED_MAX  512
#define RUN_MIN     4        /* neighbours                                       */
#define IDLE_FRAMES 2        /* zeroed by one call of vm_idle                   */
#define OBJECT_RESERVE 16    /* object frames that pages never get              */

struct pool *vm_pool;
exo_cap_t vm_root;
bool vm_lazy;

void vm_ready(void)
{
	vm_lazy = true;
}

exo_cap_t frame_cap(uint64_t pfn)
{
	for (unsigned i = 0; i < vm_range_count; i++)
		if (pfn - vm_ranges[i].base < vm_ranges[i].count)
			return vm_ranges[i].frame;
	return cap_find(EXO_FRAME, pfn, 1);
}

struct page *page_of(const void *address)
{
	return page_struct(page_pfn(address));
}

/* ---- single frames; pool->lock is held --------------------------------------- */

static inline uint64_t list_pop(uint32_t *list, uint32_t *count)
{
	uint64_t pfn = *list;

	*list = page_struct(pfn)->next;
	--*count;
	return pfn;
}

static inline void page_start(struct page *p, unsigned order)
{
	p->refs = 1;
	p->order = order;
	p->flags &= PAGE_SPLIT;
	p->object = 0;
}

/* Returns the single frames of both lists to the buddy allocator, but for `keep`
 * of each. */
static void lists_drain(struct pool *pool, uint32_t keep)
{
	while (pool->hot_count > keep)
		zone_give(ZONE_PAGES, list_pop(&pool->hot, &pool->hot_count), 0);
	while (pool->zeroed_count > keep)
		zone_give(ZONE_PAGES, list_pop(&pool->zeroed, &pool->zeroed_count), 0);
}

/* When all else is used up: a block of the frames kept for objects. It is an
 * ordinary one from now on. */
static uint64_t borrow(struct pool *pool, unsigned order)
{
	if (pool->zone[ZONE_OBJECTS].free < OBJECT_RESERVE + (1ul << order))
		return 0;
	uint64_t pfn = zone_take(ZONE_OBJECTS, order);
	struct page *p = pfn ? page_struct(pfn) : NULL;
	for (uint64_t i = 0; p && i < 1ul << order; i++)
		p[i].flags &= ~PAGE_OBJECT;
	return pfn;
}

static uint64_t block_take(struct pool *pool, unsigned order)
{
	uint64_t pfn = zone_take(ZONE_PAGES, order);

	if (!pfn && order) {
		lists_drain(pool, 0);
		pfn = zone_take(ZONE_PAGES, order);
	}
	return pfn ? pfn : borrow(pool, order);
}

/* Puts a block's frames on the empty list of those freed last. */
static bool hot_fill(struct pool *pool)
{
	uint64_t pfn = zone_take(ZONE_PAGES, HOT_ORDER);

	if (!pfn)
		return false;
	struct page *p = page_struct(pfn);
	for (unsigned i = 0; i < 1u << HOT_ORDER; i++) {
		p[i].flags &= PAGE_SPLIT;
		p[i].next = i + 1 < 1u << HOT_ORDER ? pfn + i + 1 : 0;
	}
	pool->hot = pfn;
	pool->hot_count = 1u << HOT_ORDER;
	return true;
}

static uint64_t single_take(struct pool *pool)
{
	if (pool->hot || hot_fill(pool))
		return list_pop(&pool->hot, &pool->hot_count);
	uint64_t pfn = zone_take(ZONE_PAGES, 0);
	if (!pfn && pool->zeroed)
		pfn = list_pop(&pool->zeroed, &pool->zeroed_count);
	return pfn ? pfn : borrow(pool, 0);
}

/* ---- pages ---------------------------------------------------------------------- */

static void *page_begin(uint64_t pfn, unsigned order)
{
	if (!pfn)
		return NULL;
	if (!vm_lazy && !window_map(page_at(pfn), PAGE << order))
		libos_panic("vm: the window cannot be mapped");
	return page_at(pfn);
}

void *page_alloc(unsigned order)
{
	struct pool *pool = vm_pool;

	if (order >= POOL_ORDERS)
		return NULL;
	lock_take(&pool->lock);
	uint64_t pfn = order ? block_take(pool, order) : single_take(pool);
	if (pfn)
		page_start(page_struct(pfn), order);
	lock_drop(&pool->lock);
	return page_begin(pfn, order);
}

/* Frames of one list, as many as it has; how many. */
static unsigned take_listed(uint32_t *list, uint32_t *count, uint64_t *pfns, unsigned n)
{
	unsigned done = 0;

	for (; done < n && *list; done++) {
		struct page *p = page_struct(pfns[done] = *list);

		*list = p->next;
		page_start(p, 0);
	}
	*count -= done;
	return done;
}

/* Frames of whole blocks, for those who want many: one visit to the buddy allocator. */
static unsigned take_blocks(uint64_t *pfns, unsigned n)
{
	unsigned done = 0;

	while (n - done >= 1u << HOT_ORDER) {
		uint64_t pfn = zone_take(ZONE_PAGES, HOT_ORDER);
		struct page *p = pfn ? page_struct(pfn) : NULL;

		if (!p)
			break;
		for (unsigned i = 0; i < 1u << HOT_ORDER; i++) {
			page_start(p + i, 0);
			pfns[done++] = pfn + i;
		}
	}
	return done;
}

unsigned page_alloc_many(uint64_t *pfns, unsigned n, unsigned *zeroed)
{
	struct pool *pool = vm_pool;
	unsigned done = 0;

	lock_take(&pool->lock);
	if (zeroed)
		done = *zeroed = take_listed(&pool->zeroed, &pool->zeroed_count, pfns, n);
	if (n - done >= 1u << HOT_ORDER)
		done += take_blocks(pfns + done, n - done);
	done += take_listed(&pool->hot, &pool->hot_count, pfns + done, n - done);
	for (; done < n && (pfns[done] = single_take(pool)); done++)
		page_start(page_struct(pfns[done]), 0);
	lock_drop(&pool->lock);
	return done;
}

void *page_alloc_zero(unsigned order)
{
	uint64_t pfn;
	unsigned zeroed = 0;
	char *page;

	if (!order) {
		page = page_alloc_many(&pfn, 1, &zeroed) ? page_begin(pfn, 0) : NULL;
		if (zeroed)
			*(volatile uint64_t *)page; /* callers count on it being mapped */
	} else {
		page = page_alloc(order);
	}
	for (uint64_t i = 0; page && !zeroed && i < PAGE << order; i += PAGE)
		page_clear(page + i);
	return page;
}

void page_ref(void *page)
{
	__atomic_fetch_add(&page_of(page)->refs, 1, __ATOMIC_RELAXED);
}

static struct page *in_use(uint64_t pfn, struct page *p)
{
	if (!p || !p->refs || p->flags & (PAGE_FREE | PAGE_OBJECT | PAGE_SLAB | PAGE_BUSY | PAGE_ZEROED))
		libos_panic("vm: page %lx is not in use", pfn);
	return p;
}

static bool last_unref(struct page *p)
{
	return !__atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL);
}

/* pool->lock is held. */
static void page_free(struct pool *pool, uint64_t pfn, struct page *p)
{
	if (p->order) {
		zone_give(ZONE_PAGES, pfn, p->order);
		return;
	}
	p->next = pool->hot;
	pool->hot = pfn;
	if (++pool->hot_count > HOT_MAX)
		for (unsigned i = 0; i < HOT_MAX / 2; i++)
			zone_give(ZONE_PAGES, list_pop(&pool->hot, &pool->hot_count), 0);
}

void page_unref(void *page)
{
	struct pool *pool = vm_pool;
	uint64_t pfn = page_pfn(page);
	struct page *p = in_use(pfn, page_struct(pfn));

	if (!last_unref(p))
		return;
	lock_take(&pool->lock);
	page_free(pool, pfn, p);
	lock_drop(&pool->lock);
}

/* Neighbours that are freed together go to the buddy allocator as one. */
static void run_free(struct pool *pool, uint64_t pfn, unsigned n)
{
	if (n >= RUN_MIN)
		zone_give_run(ZONE_PAGES, pfn, pfn + n);
	else
		for (; n; n--, pfn++)
			page_free(pool, pfn, page_struct(pfn));
}

void page_unref_many(const uint64_t *entries, unsigned n)
{
	struct pool *pool = vm_pool;
	uint64_t first = 0;
	unsigned run = 0;

	lock_take(&pool->lock);
	for (unsigned i = 0; i < n; i++) {
		uint64_t pfn = (entries[i] & EXO_PTE_ADDR) >> 12;
		struct page *p = pfn ? page_struct(pfn) : NULL;

		if (!p || !last_unref(in_use(pfn, p)))
			continue;
		if (run && pfn == first + run && !p->order) {
			run++;
			continue;
		}
		run_free(pool, first, run);
		first = pfn;
		run = 1;
		if (p->order) {
			page_free(pool, pfn, p);
			run = 0;
		}
	}
	run_free(pool, first, run);
	lock_drop(&pool->lock);
}

void *page_adopt(uint64_t pfn)
{
	struct page *p = page_struct(pfn);

	if (!p || !(p->flags & PAGE_BUSY))
		return NULL;
	page_start(p, 0);
	return page_begin(pfn, 0);
}

bool vm_idle(void)
{
	struct pool *pool = vm_pool;
	uint64_t pfn[IDLE_FRAMES];
	unsigned n = 0;

	if (pool->zeroed_count >= ZEROED_MAX || pool->zone[ZONE_PAGES].free < pool->total / 16)
		return false;
	n = page_alloc_many(pfn, IDLE_FRAMES, NULL);
	for (unsigned i = 0; i < n; i++)
		page_clear(page_at(pfn[i]));
	lock_take(&pool->lock);
	for (unsigned i = 0; i < n; i++) {
		struct page *p = page_struct(pfn[i]);

		p->refs = 0;
		p->flags |= PAGE_ZEROED;
		p->next = pool->zeroed;
		pool->zeroed = pfn[i];
		pool->zeroed_count++;
	}
	lock_drop(&pool->lock);
	return n;
}

void pool_stats(struct pool_stats *s)
{
	struct pool *pool = vm_pool;

	lock_take(&pool->lock);
	s->total = pool->total;
	s->free = pool->zone[ZONE_PAGES].free + pool->zone[ZONE_OBJECTS].free + pool->hot_count + pool->zeroed_count;
	s->zeroed = pool->zeroed_count;
	s->tables = pool->tables;
	s->slab_pages = pool->slab_pages;
	lock_drop(&pool->lock);
}
