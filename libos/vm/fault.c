/* SPDX-License-Identifier: MIT
 *
 * Page faults: what is missing is made or fetched, what is shared is copied before
 * the first write. One fault serves the pages around it where that is likely to
 * be right: on zero pages the more, the longer a program goes on in one direction;
 * on file pages always, for their frames are there anyway.
 */
#include "vm/internal.h"

#define AROUND 16
#define ERROR_PRESENT 1   /* SDM vol. 3, 4.7 */
#define ERROR_WRITE   2
#define ERROR_RESERVED 8
#define ERROR_FETCH   16
#define ERROR_KEY     32

static bool no_memory(uint64_t addr)
{
	log_printf("out of memory: no frame for address %lx\n", addr);
	return false;
}

static bool allowed(unsigned flags, uint64_t error)
{
	if (error & (ERROR_RESERVED | ERROR_KEY))
		return false;
	if (error & ERROR_WRITE)
		return flags & VM_WRITE;
	return flags & (error & ERROR_FETCH ? VM_EXEC : VM_READ | VM_WRITE | VM_EXEC);
}

/* Maps one frame whose reference the caller holds; it goes back if that fails. */
static bool map_one(uint64_t addr, uint64_t pfn, unsigned prot)
{
	if (leaf_fill(addr, &pfn, 1, prot))
		return true;
	page_unref(page_at(pfn));
	return no_memory(addr);
}

/* The run of empty pages around addr to fill at once, and remembers it: [*from, *to). */
static void zero_run(struct regions *rs, struct region *r, uint64_t addr, uint64_t *from, uint64_t *to)
{
	uint64_t low = max_u64(r->start, addr & ~(CHUNK - 1)), high = min_u64(r->end, (addr | (CHUNK - 1)) + 1);
	bool up = addr == r->last_end, down = addr + PAGE == r->last_start;
	volatile uint64_t *entry = entry_at(addr, 1);

	r->around = !(up || down) || rs->hidden ? 1 : min_u64(2 * r->around, AROUND);
	*from = addr;
	*to = addr + PAGE;
	if (down)
		while (*from > low && (*to - *from) / PAGE < r->around && !*--entry)
			*from -= PAGE;
	else
		while (*to < high && (*to - *from) / PAGE < r->around && !*++entry)
			*to += PAGE;
	r->last_start = *from;
	r->last_end = *to;
}

static bool fill_zero(struct regions *rs, struct region *r, uint64_t addr)
{
	uint64_t pfns[AROUND], from, to;

	zero_run(rs, r, addr, &from, &to);
	unsigned zeroed, have = page_alloc_many(pfns, (to - from) / PAGE, &zeroed);
	if (from < addr)        /* as many as there are, up to the one that is needed */
		from = addr - (have ? have - 1 : 0) * PAGE;
	for (unsigned i = zeroed; i < have; i++)
		page_clear(page_at(pfns[i]));
	unsigned done = have ? leaf_fill(from, pfns, have, r->flags) : 0;
	for (unsigned i = done; i < have; i++)
		page_unref(page_at(pfns[i]));
	return done > (addr - from) / PAGE ? true : no_memory(addr);
}

/* A copy of the file's page, with zeros from byte `valid` on. A hole reads as zeros. */
static bool fill_copy(struct region *r, uint64_t addr, uint64_t index, uint64_t valid)
{
	char *page = page_alloc(0);
	char *source = page ? file_frame(r->file, index, false) : NULL;

	if (!page)
		return no_memory(addr);
	if (source) {
		page_copy(page, source);
		page_unref(source);
	} else {
		valid = 0;
	}
	if (valid < PAGE)
		memset(page + valid, 0, PAGE - valid);
	return map_one(addr, page_pfn(page), r->flags);
}

/* Maps the file's own frames from addr on, as many as follow within the 16 pages. */
static bool fill_frames(struct region *r, uint64_t addr, uint64_t index, char *frame)
{
	uint64_t pfns[AROUND], end = min_u64(r->end, (addr | (AROUND * PAGE - 1)) + 1);
	unsigned prot = r->flags & VM_SHARED ? r->flags : r->flags & ~VM_WRITE, n = 0;

	do {
		pfns[n++] = page_pfn(frame);
		if (addr + n * PAGE >= end || (index + n + 1) * PAGE > r->file_end || entry_at(addr, 1)[n])
			break;
		frame = file_frame(r->file, index + n, false);
	} while (frame);
	unsigned done = leaf_fill(addr, pfns, n, prot);
	for (unsigned i = done; i < n; i++)
		page_unref(page_at(pfns[i]));
	return done ? true : no_memory(addr);
}

static bool fill_file(struct region *r, uint64_t addr, bool write)
{
	uint64_t offset = r->offset + (addr - r->start), valid = min_u64(r->file_end - offset, PAGE);

	if (offset >= file_size(r->file))
		return false;           /* beyond the file's end: SIGBUS on Linux */
	if (!(r->flags & VM_SHARED) && (write || valid < PAGE))
		return fill_copy(r, addr, offset / PAGE, valid);
	char *frame = file_frame(r->file, offset / PAGE, r->flags & VM_SHARED);
	if (frame)
		return fill_frames(r, addr, offset / PAGE, frame);
	return r->flags & VM_SHARED ? no_memory(addr) : fill_copy(r, addr, offset / PAGE, 0);
}

/* The page is there, but the access was refused. */
static bool fault_present(struct region *r, uint64_t addr, uint64_t entry, bool write)
{
	uint64_t pfn = (entry & EXO_PTE_ADDR) >> 12;
	struct page *p = page_struct(pfn);
	bool own = r->flags & VM_SHARED || !p || p->refs == 1;
	uint64_t value = leaf_value(pfn, own ? r->flags : r->flags & ~VM_WRITE);

	if (write && !own) {
		char *copy = page_alloc(0);
		if (!copy)
			return no_memory(addr);
		page_copy(copy, page_at(pfn));
		value = leaf_value(page_pfn(copy), r->flags);
		if (!leaf_change(addr, &value, 1)) {
			page_unref(copy);
			return false;
		}
		page_unref(page_at(pfn));
		return true;
	}
	return leaf_change(addr, &value, 1);
}

static bool fault_locked(struct regions *rs, uint64_t addr, uint64_t error)
{
	struct region *r = region_at(rs, addr);

	if (!r)
		r = region_grow_stack(rs, addr);
	if (!r || !allowed(r->flags, error))
		return false;
	volatile uint64_t *leaf = leaf_entry(addr);
	uint64_t entry = leaf ? *leaf : 0;
	if (entry & EXO_P)
		return fault_present(r, addr, entry, error & ERROR_WRITE);
	if (!leaf && table_ensure(addr, 1))
		return no_memory(addr);
	uint64_t pfn = rs->hidden ? hidden_take(rs, addr) : 0;
	if (pfn) {
		bool own = r->flags & VM_SHARED || page_struct(pfn)->refs == 1;
		return map_one(addr, pfn, own ? r->flags : r->flags & ~VM_WRITE);
	}
	if (r->file && r->offset + (addr - r->start) < r->file_end)
		return fill_file(r, addr, error & ERROR_WRITE);
	return fill_zero(rs, r, addr);
}

bool vm_fault(uint64_t addr, uint64_t error)
{
	if (addr - EXO_WINDOW < EXO_WINDOW_END - EXO_WINDOW)
		return !(error & ERROR_PRESENT) && window_fault(addr);
	if (addr >= EXO_STACK_TOP || !proc_self()->regions)
		return false;
	lock_take(&vm_lock);
	struct regions *rs = proc_self()->regions;
	bool repaired = rs && fault_locked(rs, addr & ~(PAGE - 1), error);
	lock_drop(&vm_lock);
	return repaired;
}
