/* SPDX-License-Identifier: MIT
 *
 * Page tables of the current process: read through the self-map, written through
 * the kernel. Each table that is made here knows its capability and counts its
 * entries in use (struct page: object, refs), so that an empty one is noticed
 * without looking at 512 entries.
 */
#include "vm/internal.h"

#define LINK (EXO_P | EXO_W | EXO_U | EXO_A)

/* An address whose level-1 table is empty but kept, for whoever maps and unmaps the
 * same few pages; 0: none. Of regions, so vm_lock guards it. */
static uint64_t spare;

/* The struct page of the table with addr's entry of this level, if it was made here
 * and there is an array of struct page already. */
static inline __attribute__((always_inline)) struct page *table_page(uint64_t addr, unsigned level)
{
	if (level == 4)
		return NULL;
	struct page *p = page_struct((*entry_at(addr, level + 1) & EXO_PTE_ADDR) >> 12);
	return p && p->flags & PAGE_TABLE ? p : NULL;
}

static void table_count(uint64_t addr, unsigned level, int by)
{
	struct page *p = table_page(addr, level);

	if (p)
		__atomic_fetch_add(&p->refs, by, __ATOMIC_RELAXED);
}

exo_cap_t table_handle(uint64_t addr, unsigned level)
{
	if (level == 4)
		return vm_root;
	struct page *p = table_page(addr, level);
	if (p)
		return p->object;
	uint64_t pfn = (*entry_at(addr, level + 1) & EXO_PTE_ADDR) >> 12;
	exo_cap_t handle = early_handle(pfn);
	return handle ? handle : cap_find(EXO_PTE, pfn * 512, 512);
}

int table_write(uint64_t addr, unsigned level, uint64_t value, exo_cap_t object)
{
	struct exo_pte e = {
		.table = table_handle(addr, level), .object = object, .value = value,
		.index = addr >> (3 + 9 * level) & 511,
	};
	bool was = *entry_at(addr, level) != 0;

	if (!e.table || exo_pte_update(0, &e, 1, value ? 0 : EXO_PTE_SYNC) != 1)
		return -EFAULT;
	table_count(addr, level, (value != 0) - was);
	return 0;
}

static void table_end(uint64_t pfn, exo_cap_t handle)
{
	long error;

	do
		error = exo_cap_drop(0, handle);
	while (error == -EXO_EAGAIN);
	if (error)
		libos_panic("vm: page table %lx stays: %ld", pfn, error);
	cap_slot_free(EXO_HANDLE_SLOT(handle));
	object_frame_free(pfn, 1);
	__atomic_sub_fetch(&vm_pool->tables, 1, __ATOMIC_RELAXED);
}

/* A page table of this level, not linked. */
static exo_cap_t table_new(unsigned level, uint64_t *pfn)
{
	bool early = early_active();
	uint32_t slot = early ? early_slot() : cap_slot_alloc();

	*pfn = !slot ? 0 : early ? early_frame() : object_frame_alloc(1);
	long handle = *pfn ? exo_create(0, frame_cap(*pfn), *pfn,
	                                EXO_CREATE(EXO_KIND_PT1 + level - 1, 1), slot, 0) : 0;
	if (handle > 0) {
		if (!early)
			__atomic_add_fetch(&vm_pool->tables, 1, __ATOMIC_RELAXED);
		return handle;
	}
	if (slot)
		cap_slot_free(slot);
	if (*pfn && !early)
		object_frame_free(*pfn, 1);
	return 0;
}

/* Makes the table below the entry of this level, which is empty. */
static int table_add(uint64_t addr, unsigned level)
{
	uint64_t pfn;
	exo_cap_t handle = table_new(level - 1, &pfn);

	if (!handle)
		return -ENOMEM;
	if (early_active()) {
		early_table(pfn, handle, (volatile uint64_t *)((uint64_t)entry_at(addr, level - 1) & ~(PAGE - 1)));
	} else {
		struct page *p = page_struct(pfn);
		p->flags |= PAGE_TABLE;
		p->object = handle;
		p->refs = 0;
	}
	int error = table_write(addr, level, pfn << 12 | LINK, handle);
	if (error && !early_active())
		table_end(pfn, handle);
	return error;
}

int table_ensure(uint64_t addr, unsigned level)
{
	if (level == 1 && leaf_entry(addr))
		return 0;
	for (unsigned l = 4; l > level; l--) {
		uint64_t entry = *entry_at(addr, l);
		int error = entry & EXO_P ? 0 : table_add(addr, l);

		if (error || (l == 2 && entry & EXO_PS))
			return error ? error : -EEXIST;
	}
	return 0;
}

/* The next address behind the empty entry of this level that has an entry of the
 * same table which is not empty; where the table ends; or one from `end` on. */
static uint64_t skip_empty(uint64_t addr, unsigned level, uint64_t end, volatile uint64_t *entry)
{
	uint64_t span = 1ul << (3 + 9 * level);

	addr &= ~(span - 1);
	do
		addr += span;
	while (addr < end && (uint64_t)++entry & (PAGE - 1) && !*entry);
	return addr;
}

uint64_t table_next(uint64_t addr, uint64_t end)
{
	while (addr < end) {
		if (!(*entry_at(addr, 4) & EXO_P))
			addr = skip_empty(addr, 4, end, entry_at(addr, 4));
		else if (!(*entry_at(addr, 3) & EXO_P))
			addr = skip_empty(addr, 3, end, entry_at(addr, 3));
		else if ((*entry_at(addr, 2) & (EXO_P | EXO_PS)) != EXO_P)
			addr = skip_empty(addr, 2, end, entry_at(addr, 2));
		else
			return addr;
	}
	return end;
}

/* Writes n entries: `bits` and, if there are any, the frames' numbers, or else the
 * values as they are. Each one written changes the table's count by `step`. */
static inline __attribute__((always_inline)) unsigned leaf_write(uint64_t addr, const uint64_t *pfns, const uint64_t *values,
                                                          uint64_t bits, unsigned n, uint64_t flags, int step)
{
	struct exo_pte batch[BATCH], *e = batch;
	const uint64_t base = vm_ranges->base, count = vm_ranges->count; /* most likely the one */
	const exo_cap_t frame = vm_ranges->frame;
	struct page *page = table_page(addr, 1);
	const exo_cap_t table = page ? page->object : table_handle(addr, 1);
	uint32_t index = addr / PAGE & 511;

	for (const struct exo_pte *end = batch + n; e < end; e++) {
		uint64_t value = pfns ? *pfns << 12 | bits : values ? *values++ : 0;
		uint64_t pfn = pfns ? *pfns++ : (value & EXO_PTE_ADDR) >> 12;

		e->table = table;
		e->object = !value ? 0 : pfn - base < count ? frame : frame_cap(pfn);
		e->value = value;
		e->index = index++;
		e->op = EXO_PTE_SET;
	}
	long done = table ? exo_pte_update(0, batch, n, flags) : 0;
	if (done <= 0)
		return 0;
	if (page && step)
		__atomic_fetch_add(&page->refs, step * done, __ATOMIC_RELAXED);
	return done;
}

unsigned leaf_fill(uint64_t addr, const uint64_t *pfns, unsigned n, unsigned prot)
{
	return leaf_write(addr, pfns, NULL, leaf_value(0, prot), n, 0, 1);
}

unsigned leaf_put(uint64_t addr, const uint64_t *values, unsigned n)
{
	return leaf_write(addr, NULL, values, 0, n, 0, 1);
}

bool leaf_change(uint64_t addr, const uint64_t *values, unsigned n)
{
	return leaf_write(addr, NULL, values, 0, n, EXO_PTE_SYNC, 0) == n;
}

bool leaf_clear(uint64_t addr, unsigned n, unsigned used)
{
	if (leaf_write(addr, NULL, NULL, 0, n, EXO_PTE_SYNC, 0) != n)
		return false;
	table_count(addr, 1, -(int)used);
	return true;
}

void table_prune(uint64_t addr, unsigned level)
{
	for (; level <= 4; level++) {
		for (unsigned l = 4; l >= level; l--)
			if (!(*entry_at(addr, l) & EXO_P))
				return;
		struct page *p = table_page(addr, level - 1);
		if (!p || p->refs)
			return;
		uint64_t pfn = *entry_at(addr, level) >> 12 & (EXO_PTE_ADDR >> 12);
		if (table_write(addr, level, 0, 0))
			return;
		table_end(pfn, p->object);
	}
}

void table_release(uint64_t addr, bool now)
{
	struct page *p = table_page(addr, 1);

	if (!p || p->refs)
		return;
	addr &= ~(CHUNK - 1);
	if (now) {
		table_prune(addr, 2);
		return;
	}
	uint64_t old = spare;
	spare = addr;
	if (old && old != addr)
		table_prune(old, 2);
}

void tables_trim(void)
{
	if (spare)
		table_prune(spare, 2);
	spare = 0;
}
