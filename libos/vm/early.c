/* SPDX-License-Identifier: MIT
 *
 * Before there is a pool: the first frames and page tables, for the arena and the
 * array of struct page; then every free frame goes into the buddy allocator.
 */
#include "vm/internal.h"

#define TABLES_MAX 24

struct run { uint64_t start, end; };      /* frame numbers */

/* Used by the first process until pool_init ends. */
static struct {
	bool active;
	uint32_t slot;                    /* next capability slot; 0: ask the core  */
	uint64_t next, end;               /* frames for tables and the arena        */
	unsigned busy_count, tables, ranges;
	struct run busy[32];
	struct pool_range range[POOL_RANGES];
	struct { uint64_t pfn; exo_cap_t handle; volatile uint64_t *entries; } table[TABLES_MAX];
} boot;

const struct pool_range *vm_ranges;
unsigned vm_range_count;

bool early_active(void)
{
	return boot.active;
}

uint64_t early_frame(void)
{
	return boot.next < boot.end ? boot.next++ : 0;
}

uint32_t early_slot(void)
{
	return boot.slot ? boot.slot++ : cap_slot_alloc();
}

void early_table(uint64_t pfn, exo_cap_t handle, volatile uint64_t *entries)
{
	if (boot.tables == TABLES_MAX)
		libos_panic("vm: too many page tables before the pool");
	boot.table[boot.tables].pfn = pfn;
	boot.table[boot.tables].handle = handle;
	boot.table[boot.tables++].entries = entries;
}

exo_cap_t early_handle(uint64_t pfn)
{
	for (unsigned i = 0; i < boot.tables; i++)
		if (boot.table[i].pfn == pfn)
			return boot.table[i].handle;
	return 0;
}

static void busy_add(uint64_t start, uint64_t count)
{
	if (boot.busy_count == sizeof boot.busy / sizeof *boot.busy)
		libos_panic("vm: too many busy spans");
	boot.busy[boot.busy_count++] = (struct run){ start, start + count };
}

/* The first run of free frames of r from pfn on. */
static bool gap_after(const struct pool_range *r, uint64_t pfn, struct run *gap)
{
	for (unsigned i = 0; i < boot.busy_count; i++)
		if (pfn >= boot.busy[i].start && pfn < boot.busy[i].end) {
			pfn = boot.busy[i].end;
			i = -1u;          /* again: the spans are in no order */
		}
	*gap = (struct run){ pfn, r->base + r->count };
	for (unsigned i = 0; i < boot.busy_count; i++)
		if (boot.busy[i].start >= pfn && boot.busy[i].start < gap->end)
			gap->end = boot.busy[i].start;
	return gap->start < gap->end;
}

/* Calls fn for each run of free frames. */
static void each_gap(void (*fn)(const struct run *, void *), void *arg)
{
	struct run gap;

	for (unsigned i = 0; i < vm_range_count; i++)
		for (uint64_t pfn = vm_ranges[i].base; gap_after(&vm_ranges[i], pfn, &gap); pfn = gap.end)
			fn(&gap, arg);
}

struct choice { uint64_t need; struct run edge, largest; };

static uint64_t align_up(uint64_t pfn)
{
	return (pfn + CHUNK_FRAMES - 1) & ~(CHUNK_FRAMES - 1);
}

/* Looks for room at a gap's ends, in chunks that are not wholly free anyway. */
static void choose(const struct run *gap, void *arg)
{
	struct choice *c = arg;
	struct run head = { gap->start, min_u64(gap->end, align_up(gap->start)) };
	struct run tail = { max_u64(gap->start, gap->end & ~(CHUNK_FRAMES - 1)), gap->end };

	if (!c->edge.end && head.end - head.start >= c->need)
		c->edge = head;
	if (!c->edge.end && tail.end > tail.start && tail.end - tail.start >= c->need)
		c->edge = tail;
	if (gap->end - gap->start > c->largest.end - c->largest.start)
		c->largest = *gap;
}

/* Sorts the ranges, the largest first; more than there is room for are left out
 * from the smallest up. */
static void range_add(struct pool_range r)
{
	unsigned at = boot.ranges;

	if (!r.base && r.count) {         /* 0 means "no frame" in all lists */
		r.base++;
		r.count--;
	}
	if (!r.count || (at == POOL_RANGES && boot.range[at - 1].count >= r.count))
		return;
	if (at < POOL_RANGES)
		boot.ranges++;
	else
		at--;
	for (; at && boot.range[at - 1].count < r.count; at--)
		boot.range[at] = boot.range[at - 1];
	boot.range[at] = r;
}

/* Takes the frames for the first tables and the arena. */
static int frames_choose(uint64_t need)
{
	struct choice c = { .need = need };

	each_gap(choose, &c);
	struct run from = c.edge.end ? c.edge : c.largest;
	if (!c.edge.end && align_up(from.start) + need <= from.end)
		from.start = align_up(from.start);
	if (from.end - from.start < need)
		return -ENOMEM;
	boot.next = from.start;
	boot.end = from.start + need;
	busy_add(from.start, need);
	return 0;
}

long arena_map(const struct pool_range *ranges, unsigned n, const struct exo_span *busy,
               unsigned busy_count, uint64_t bytes, uint32_t first_slot)
{
	uint64_t pages = (bytes + PAGE - 1) / PAGE;

	for (unsigned i = 0; i < n; i++)
		range_add(ranges[i]);
	for (unsigned i = 0; i < busy_count; i++)
		if (busy[i].size)
			busy_add(busy[i].base / PAGE, (busy[i].base % PAGE + busy[i].size + PAGE - 1) / PAGE);
	boot.active = true;
	boot.slot = first_slot;
	vm_ranges = boot.range;
	vm_range_count = boot.ranges;
	vm_root = EXO_HANDLE(EXO_BOOT_ROOT, 1);
	int error = frames_choose(pages + TABLES_MAX);
	for (uint64_t at = EXO_ARENA; at < EXO_ARENA + pages * PAGE && !error; at += PAGE) {
		uint64_t pfn = early_frame();

		error = pages_map(at, &pfn, 1, VM_READ | VM_WRITE);
		if (!error)
			page_clear((void *)at);
	}
	long used = boot.slot - first_slot;
	boot.slot = 0;
	return error ? error : used;
}

/* ---- the pool -------------------------------------------------------------------- */

static void find_largest(const struct run *gap, void *arg)
{
	struct run *largest = arg;

	if (gap->end - gap->start > largest->end - largest->start)
		*largest = *gap;
}

/* Places and maps the array of struct page, in whole chunks if it can. */
static int array_make(struct pool *pool, struct run *array)
{
	struct run gap = { 0, 0 };

	for (unsigned i = 0; i < pool->range_count; i++)
		pool->total += pool->range[i].count;
	uint64_t bytes = pool->total * sizeof(struct page), need = (bytes + PAGE - 1) / PAGE;
	each_gap(find_largest, &gap);
	if (align_up(gap.start) + need <= gap.end)
		gap.start = align_up(gap.start);
	struct page *pages = page_at(gap.start);
	if (gap.end - gap.start < need || !window_map(pages, bytes))
		return -ENOMEM;
	*array = (struct run){ gap.start, gap.start + need };
	for (uint64_t i = 0; i < need; i++)
		page_clear((char *)pages + i * PAGE);
	for (unsigned i = 0; i < pool->range_count; i++) {
		pool->range[i].pages = pages;
		pages += pool->range[i].count;
	}
	return 0;
}

/* Whether the chunk is not all free memory of one range: no large mapping there. */
static bool chunk_small(const struct pool_range *r, uint64_t first)
{
	uint64_t end = first + CHUNK_FRAMES;

	if (first < r->base || end > r->base + r->count)
		return true;
	for (unsigned i = 0; i < boot.busy_count; i++) {
		const struct run *b = &boot.busy[i];
		if (b->start < end && first < b->end && !(b->start <= first && end <= b->end))
			return true;
	}
	return false;
}

/* Gives what is free of [at, end), within one chunk, to its zone. */
static void chunk_fill(const struct pool_range *r, uint64_t at, uint64_t end, const struct run *array)
{
	uint64_t first = at & ~(CHUNK_FRAMES - 1);
	bool small = chunk_small(r, first);

	if (small) {
		for (uint64_t i = at; i < end; i++)
			r->pages[i - r->base].flags |= PAGE_OBJECT;
		if (first >= r->base)
			r->pages[first - r->base].flags |= PAGE_SPLIT;
	}
	if (at < array->end && array->start < end) {
		zone_give_run(small, at, max_u64(at, array->start));
		at = min_u64(end, array->end);
	}
	zone_give_run(small, at, end);
}

/* The array of struct page is all zeros: frames in use are marked, others given. */
static void range_fill(const struct pool_range *r, const struct run *array)
{
	uint64_t end = r->base + r->count, pfn = r->base;
	struct run gap;

	while (pfn < end) {
		if (!gap_after(r, pfn, &gap))
			gap.start = gap.end = end;
		for (; pfn < gap.start; pfn++)
			r->pages[pfn - r->base].flags |= PAGE_BUSY;
		for (uint64_t next; pfn < gap.end; pfn = next) {
			next = min_u64(gap.end, (pfn & ~(CHUNK_FRAMES - 1)) + CHUNK_FRAMES);
			chunk_fill(r, pfn, next, array);
		}
	}
}

/* Tells the struct pages of the first tables what they are. */
static void tables_adopt(void)
{
	for (unsigned i = 0; i < boot.tables; i++) {
		struct page *p = page_struct(boot.table[i].pfn);

		p->flags = (p->flags & PAGE_SPLIT) | PAGE_OBJECT | PAGE_TABLE;
		p->object = boot.table[i].handle;
		p->refs = 0;
		for (unsigned k = 0; k < 512; k++)
			p->refs += boot.table[i].entries[k] != 0;
	}
	vm_pool->tables = boot.tables;
}

void pool_attach(struct pool *pool, exo_cap_t root)
{
	vm_pool = pool;
	vm_root = root;
	vm_ranges = pool->range;
	vm_range_count = pool->range_count;
}

int pool_init(struct pool *pool)
{
	struct run array;

	pool->range_count = boot.ranges;
	memcpy(pool->range, boot.range, sizeof pool->range);
	int error = array_make(pool, &array);
	if (error)
		return error;
	pool_attach(pool, vm_root);
	for (unsigned i = 0; i < pool->range_count; i++)
		range_fill(&pool->range[i], &array);
	for (uint64_t pfn = array.start; pfn < array.end; pfn++)
		page_struct(pfn)->flags &= PAGE_SPLIT;
	tables_adopt();
	boot.active = false;
	for (uint64_t pfn = boot.next; pfn < boot.end; pfn++) {
		page_struct(pfn)->flags = (page_struct(pfn)->flags & PAGE_SPLIT) | PAGE_OBJECT;
		zone_give(ZONE_OBJECTS, pfn, 0);
	}
	if (pool->zone[ZONE_OBJECTS].free < 64)
		objects_grow();
	return 0;
}
