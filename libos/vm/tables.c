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

static struct page *table_page(uint64_t addr, unsigned level)
{
	if (level == 4 || early_active())
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
	for (unsigned l = 4; l > level; l--) {
		uint64_t entry = *entry_at(addr, l);
		int error = entry & EXO_P ? 0 : table_add(addr, l);

		if (error || (l == 2 && entry & EXO_PS))
			return error ? error : -EEXIST;
	}
	return 0;
}

volatile uint64_t *leaf_entry(uint64_t addr)
{
	for (unsigned l = 4; l > 1; l--) {
		uint64_t entry = *entry_at(addr, l);

		if (!(entry & EXO_P) || (l == 2 && entry & EXO_PS))
			return NULL;
	}
	return entry_at(addr, 1);
}

uint64_t table_next(uint64_t addr, uint64_t end)
{
	while (addr < end) {
		unsigned l = 4;

		while (l > 1 && *entry_at(addr, l) & EXO_P && !(l == 2 && *entry_at(addr, l) & EXO_PS))
			l--;
		if (l == 1)
			return addr;
		uint64_t span = 1ul << (3 + 9 * l);
		addr = (addr & ~(span - 1)) + span;
	}
	return end;
}

unsigned leaf_write(uint64_t addr, const uint64_t *values, unsigned n, uint64_t flags)
{
	struct exo_pte batch[BATCH];
	volatile uint64_t *entry = entry_at(addr, 1);
	exo_cap_t table = table_handle(addr, 1);
	uint8_t was[BATCH];

	for (unsigned i = 0; i < n; i++) {
		batch[i].table = table;
		batch[i].object = values[i] ? frame_cap((values[i] & EXO_PTE_ADDR) >> 12) : 0;
		batch[i].value = values[i];
		batch[i].index = (addr / PAGE + i) & 511;
		batch[i].op = EXO_PTE_SET;
		was[i] = entry[i] != 0;
	}
	long done = table ? exo_pte_update(0, batch, n, flags) : 0;
	if (done <= 0)
		return 0;
	int more = 0;
	for (long i = 0; i < done; i++)
		more += (values[i] != 0) - was[i];
	if (more)
		table_count(addr, 1, more);
	return done;
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
