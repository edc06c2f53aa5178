/* SPDX-License-Identifier: MIT
 *
 * Changing what may be done with pages that are there.
 */
#include "vm/internal.h"

#define RIGHTS (VM_READ | VM_WRITE | VM_EXEC)

/* Takes the pages of one table's part out of sight, n from addr on. */
static int hide(struct regions *rs, uint64_t addr, const uint64_t *old, unsigned n)
{
	unsigned kept = 0, used = 0;

	while (kept < n && (!old[kept] || !hidden_put(rs, addr + kept * PAGE, (old[kept] & EXO_PTE_ADDR) >> 12)))
		used += old[kept++] != 0;
	if (kept == n && leaf_clear(addr, n, used))
		return 0;
	while (kept--)
		hidden_take(rs, addr + kept * PAGE);
	return -ENOMEM;
}

/* A page is writable if the region is and nobody else has the frame. */
static uint64_t changed(uint64_t old, unsigned flags)
{
	uint64_t pfn = (old & EXO_PTE_ADDR) >> 12;
	struct page *p = page_struct(pfn);

	if (!(flags & VM_SHARED) && p && p->refs > 1)
		flags &= ~VM_WRITE;
	return leaf_value(pfn, flags);
}

static int change_pages(struct regions *rs, uint64_t addr, uint64_t end, unsigned flags)
{
	uint64_t old[BATCH], values[BATCH];

	for (addr = table_next(addr, end); addr < end; addr = table_next(addr, end)) {
		volatile uint64_t *entry = entry_at(addr, 1);
		uint64_t any = 0;
		unsigned n = min_u64(min_u64((end - addr) / PAGE, BATCH), 512 - (addr / PAGE & 511));
		int error = 0;

		for (unsigned i = 0; i < n; i++) {
			any |= old[i] = entry[i];
			values[i] = old[i] ? changed(old[i], flags) : 0;
		}
		if (any && !(flags & RIGHTS))
			error = hide(rs, addr, old, n);
		else if (any && !leaf_change(addr, values, n))
			error = -EFAULT;
		if (error)
			return error;
		addr += n * PAGE;
	}
	return 0;
}

/* How far regions without a gap that may get these rights go; the error behind. */
static int check(struct regions *rs, uint64_t addr, uint64_t end, unsigned flags, uint64_t *good)
{
	for (uint32_t i = region_index(rs, addr); addr < end; i++) {
		const struct region *r = i < rs->count ? rs->at[i] : NULL;

		*good = addr;
		if (!r || r->start > addr)
			return -ENOMEM;
		if (r->file && r->flags & VM_SHARED && flags & VM_WRITE && !(file_access(r->file) & VM_WRITE))
			return -EACCES;
		addr = r->end;
	}
	*good = end;
	return 0;
}

/* As Linux: what lies before a gap is changed all the same. */
static int protect_locked(struct regions *rs, uint64_t addr, uint64_t end, unsigned flags)
{
	int refused = check(rs, addr, end, flags, &end), error = 0;

	if (addr == end)
		return refused;
	if (region_split(rs, addr) || region_split(rs, end))
		return -ENOMEM;
	for (uint32_t i = region_index(rs, addr); i < rs->count && rs->at[i]->start < end && !error; i++) {
		struct region *r = rs->at[i];
		unsigned now = (r->flags & ~RIGHTS) | (flags & RIGHTS);

		if (now == r->flags)
			continue;
		r->flags = now;
		error = change_pages(rs, r->start, r->end, now);
	}
	regions_merge(rs, addr, end);
	return error ? error : refused;
}

int region_protect(uint64_t addr, uint64_t len, unsigned flags)
{
	if ((addr | len) & (PAGE - 1) || addr + len < addr)
		return -EINVAL;
	lock_take(&vm_lock);
	struct regions *rs = regions_get();
	int error = rs ? protect_locked(rs, addr, addr + len, flags) : -ENOMEM;
	lock_drop(&vm_lock);
	return error;
}
