/* SPDX-License-Identifier: MIT
 *
 * Small objects. A slab is one page of objects of one size; its free objects are
 * a list of offsets (in units of 16 bytes, NONE ends it) kept in the objects
 * themselves, the head in struct page. Each class has a list of the slabs with a
 * free object, and keeps back one slab that is empty.
 */
#include "vm/internal.h"

#define UNIT 16
#define NONE 0xffff
#define SMALL_MAX 2048

static const uint16_t class_size[SLAB_CLASSES] = {
	16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1344, 2048
};

/* The class of an object of n units. */
static unsigned class_of(size_t units)
{
	static uint8_t table[SMALL_MAX / UNIT + 1];

	if (!table[SMALL_MAX / UNIT])
		for (unsigned u = 0, c = 0; u <= SMALL_MAX / UNIT; u++) {
			c += u * UNIT > class_size[c];
			table[u] = c;
		}
	return table[units];
}

static void slab_link(struct pool *pool, uint64_t pfn, struct page *p)
{
	p->prev = 0;
	p->next = pool->slab[p->slab];
	if (p->next)
		page_struct(p->next)->prev = pfn;
	pool->slab[p->slab] = pfn;
}

static void slab_unlink(struct pool *pool, struct page *p)
{
	if (p->next)
		page_struct(p->next)->prev = p->prev;
	if (p->prev)
		page_struct(p->prev)->next = p->next;
	else
		pool->slab[p->slab] = p->next;
}

/* Makes a page a slab of the class: all its objects free. */
static uint64_t slab_new(struct pool *pool, unsigned class)
{
	char *page = page_alloc(0);

	if (!page)
		return 0;
	unsigned step = class_size[class] / UNIT, last = PAGE / class_size[class] - 1;
	for (unsigned i = 0; i <= last; i++)
		*(uint16_t *)(page + i * step * UNIT) = i == last ? NONE : (i + 1) * step;
	struct page *p = page_of(page);
	p->flags |= PAGE_SLAB;
	p->slab = class;
	p->slab_free = 0;
	p->slab_used = 0;
	pool->slab_pages++;
	slab_link(pool, page_pfn(page), p);
	return page_pfn(page);
}

static void *slab_take(struct pool *pool, unsigned class)
{
	uint64_t pfn = pool->slab[class];

	if (!pfn && !(pfn = slab_new(pool, class)))
		return NULL;
	struct page *p = page_struct(pfn);
	char *object = (char *)page_at(pfn) + p->slab_free * UNIT;
	p->slab_free = *(uint16_t *)object;
	if (!p->slab_used++ && pool->slab_empty[class] == pfn)
		pool->slab_empty[class] = 0;
	if (p->slab_free == NONE)
		slab_unlink(pool, p);
	return object;
}

void *slab_alloc(size_t size)
{
	struct pool *pool = vm_pool;

	if (size > SMALL_MAX) {
		unsigned order = size > PAGE ? 64 - __builtin_clzl((size - 1) / PAGE) : 0;
		return page_alloc(order);
	}
	lock_take(&pool->slab_lock);
	void *object = slab_take(pool, class_of((size + UNIT - 1) / UNIT));
	lock_drop(&pool->slab_lock);
	return object;
}

void *slab_zalloc(size_t size)
{
	void *p = slab_alloc(size);

	return p ? memset(p, 0, size) : NULL;
}

/* The slab has no object any more: it is kept, or goes instead of the one kept. */
static void slab_emptied(struct pool *pool, uint64_t pfn, struct page *p)
{
	uint64_t kept = pool->slab_empty[p->slab];

	pool->slab_empty[p->slab] = pfn;
	if (!kept)
		return;
	p = page_struct(kept);
	slab_unlink(pool, p);
	p->flags &= ~PAGE_SLAB;
	p->refs = 1;
	pool->slab_pages--;
	page_unref(page_at(kept));
}

void slab_free(void *object)
{
	struct pool *pool = vm_pool;

	if (!object)
		return;
	struct page *p = page_of(object);
	if (!(p->flags & PAGE_SLAB)) {
		page_unref(object);
		return;
	}
	lock_take(&pool->slab_lock);
	bool was_full = p->slab_free == NONE;
	*(uint16_t *)object = p->slab_free;
	p->slab_free = ((uint64_t)object & (PAGE - 1)) / UNIT;
	if (was_full)
		slab_link(pool, page_pfn(object), p);
	if (!--p->slab_used)
		slab_emptied(pool, page_pfn(object), p);
	lock_drop(&pool->slab_lock);
}
