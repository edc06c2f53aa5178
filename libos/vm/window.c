/* SPDX-License-Identifier: MIT
 *
 * The window: every frame of the pool at EXO_WINDOW + its physical address, mapped
 * when it is first touched. A chunk of 2 MiB of plain memory takes one large entry.
 * A chunk with kernel objects or frames of the kernel in it is mapped page by
 * page, and only its ordinary frames: what is mapped cannot become an object.
 */
#include "vm/internal.h"

#define AROUND 16
#define DATA (EXO_P | EXO_W | EXO_U | EXO_A | EXO_D | EXO_NX)

static struct lock window_lock;

static const struct pool_range *range_of(uint64_t pfn)
{
	for (unsigned i = 0; i < vm_range_count; i++)
		if (pfn - vm_ranges[i].base < vm_ranges[i].count)
			return &vm_ranges[i];
	return NULL;
}

/* Whether frame pfn may be mapped: the pool's, and not kept for kernel objects. */
static bool ordinary(const struct pool_range *r, uint64_t pfn)
{
	return pfn - r->base < r->count && !(r->pages && r->pages[pfn - r->base].flags & PAGE_OBJECT);
}

static bool map_large(const struct pool_range *r, uint64_t addr)
{
	uint64_t first = (addr - EXO_WINDOW) / CHUNK * CHUNK_FRAMES;

	if (first < r->base || first + CHUNK_FRAMES > r->base + r->count)
		return false;
	if (r->pages && r->pages[first - r->base].flags & PAGE_SPLIT)
		return false;
	return !table_ensure(addr, 2) && !*entry_at(addr, 2) &&
	       !table_write(addr, 2, first << 12 | DATA | EXO_PS, r->frame);
}

/* Maps the page and those after it that are ordinary too. */
static bool map_small(const struct pool_range *r, uint64_t addr)
{
	uint64_t pfns[AROUND], pfn = (addr - EXO_WINDOW) / PAGE;
	unsigned n = 0;

	if (table_ensure(addr, 1))
		return false;
	for (; n < AROUND && (n + pfn) / AROUND == pfn / AROUND; n++) {
		if (!ordinary(r, pfn + n) || entry_at(addr, 1)[n] & EXO_P)
			break;
		pfns[n] = pfn + n;
	}
	return n && leaf_fill(addr, pfns, n, VM_READ | VM_WRITE);
}

bool window_fault(uint64_t addr)
{
	const struct pool_range *r = range_of((addr - EXO_WINDOW) / PAGE);

	addr &= ~(PAGE - 1);
	if (!r || !ordinary(r, (addr - EXO_WINDOW) / PAGE))
		return false;
	lock_take(&window_lock);
	bool large = *entry_at(addr, 4) & EXO_P && *entry_at(addr, 3) & EXO_P && *entry_at(addr, 2) & EXO_PS;
	volatile uint64_t *leaf = leaf_entry(addr);
	bool mapped = large || (leaf && *leaf & EXO_P) || map_large(r, addr) || map_small(r, addr);
	lock_drop(&window_lock);
	return mapped;
}

bool window_map(const void *p, uint64_t bytes)
{
	uint64_t end = (uint64_t)p + bytes;

	for (uint64_t addr = (uint64_t)p & ~(PAGE - 1); addr < end; addr += PAGE)
		if (!window_fault(addr))
			return false;
	return true;
}

void window_forget(uint64_t pfn)
{
	uint64_t addr = (uint64_t)page_at(pfn);

	if (!(*entry_at(addr, 4) & EXO_P) || !(*entry_at(addr, 3) & EXO_P) || !(*entry_at(addr, 2) & EXO_P))
		return;
	if (*entry_at(addr, 2) & EXO_PS) {
		table_write(addr, 2, 0, 0);
		return;
	}
	for (unsigned i = 0; i < CHUNK_FRAMES; i += BATCH, addr += BATCH * PAGE) {
		unsigned used = 0;

		for (unsigned k = 0; k < BATCH; k++)
			used += entry_at(addr, 1)[k] != 0;
		leaf_clear(addr, BATCH, used);
	}
}
