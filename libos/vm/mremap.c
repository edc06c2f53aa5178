/* SPDX-License-Identifier: MIT
 *
 * mremap: a mapping grows or shrinks where it is, or moves with its page-table
 * entries; no page is copied.
 */
#include "vm/internal.h"

#define MREMAP_MAYMOVE 1
#define MREMAP_FIXED   2

static int move_pages(struct regions *rs, uint64_t from, uint64_t to, uint64_t len)
{
	uint64_t end = from + len, delta = to - from, values[BATCH];

	for (uint64_t at = table_next(from, end); at < end; at = table_next(at, end)) {
		volatile uint64_t *entry = entry_at(at, 1);
		uint64_t most = min_u64(min_u64((end - at) / PAGE, BATCH), 512 - (at / PAGE & 511)), n = 0;

		most = min_u64(most, 512 - ((at + delta) / PAGE & 511));
		while (n < most && (values[n] = entry[n]))
			n++;
		if (n && (table_ensure(at + delta, 1) || leaf_put(at + delta, values, n) != n))
			return -ENOMEM;
		if (n && !leaf_clear(at, n, n))
			libos_panic("vm: pages at %lx cannot be moved", at);
		at += (n ? n : 1) * PAGE;
		if (!(at & (CHUNK - 1)) || at == end)
			table_release(at - PAGE, false);
	}
	for (uint64_t at = from; rs->hidden && at < end; at += PAGE) {
		uint64_t pfn = hidden_take(rs, at);

		if (pfn && hidden_put(rs, at + delta, pfn))
			page_unref(page_at(pfn));
	}
	return 0;
}

/* What a region of the new length says of the file. */
static uint64_t file_end(const struct region *r, uint64_t addr, uint64_t len)
{
	uint64_t offset = r->offset + (addr - r->start);

	return r->file ? max_u64(r->file_end, offset + len) : 0;
}

/* The pages [addr, addr+old_len) of r go to `to`, where there is room for len. */
static long move(struct regions *rs, struct region *r, uint64_t addr, uint64_t old_len, uint64_t to, uint64_t len)
{
	struct region *new = region_new(to, len, r->flags, r->file, r->offset + (addr - r->start),
	                                file_end(r, addr, len));

	if (!new)
		return -ENOMEM;
	int error = move_pages(rs, addr, to, old_len);
	if (error) {            /* what went over comes back */
		move_pages(rs, to, addr, old_len);
		region_delete(new);
		return error;
	}
	if (old_len)
		error = region_remove(rs, addr, addr + old_len, false);
	if (!error)
		error = region_insert(rs, new);
	return error ? error : (long)to;
}

static bool grow_here(struct regions *rs, struct region *r, uint64_t old_end, uint64_t more)
{
	if (r->end != old_end || user_space(old_end, more) || !region_free_at(rs, old_end, more))
		return false;
	r->file_end = file_end(r, r->start, r->end - r->start + more);
	r->end += more;
	regions_merge(rs, r->start, r->end);
	if (rs->hole >= old_end && rs->hole < old_end + more)
		rs->hole = old_end + more;
	return true;
}

static long remap_fixed(struct regions *rs, struct region *r, uint64_t addr, uint64_t old_len, uint64_t to, uint64_t len)
{
	if (to & (PAGE - 1) || user_space(to, len) || (to < addr + old_len && addr < to + len))
		return -EINVAL;
	int error = region_remove(rs, to, to + len, true);
	if (!error && len < old_len)
		error = region_remove(rs, addr + len, addr + old_len, true);
	if (error)
		return error;
	r = region_at(rs, addr);        /* either may have split it */
	return move(rs, r, addr, min_u64(old_len, len), to, len);
}

static long remap(struct regions *rs, uint64_t addr, uint64_t old_len, uint64_t len, int flags, uint64_t to)
{
	struct region *r = region_at(rs, addr);

	if (!r || old_len > r->end - addr)
		return -EFAULT;
	if (!old_len && !(r->flags & VM_SHARED && r->file))
		return -EINVAL;
	if (flags & MREMAP_FIXED)
		return remap_fixed(rs, r, addr, old_len, to, len);
	if (old_len && len <= old_len) {
		int error = len < old_len ? region_remove(rs, addr + len, addr + old_len, true) : 0;
		return error ? error : (long)addr;
	}
	if (old_len && grow_here(rs, r, addr + old_len, len - old_len))
		return addr;
	to = flags & MREMAP_MAYMOVE ? region_space(rs, len, 0) : 0;
	return to ? move(rs, r, addr, old_len, to, len) : -ENOMEM;
}

long sys_mremap(void *old, size_t old_len, size_t new_len, int flags, void *new)
{
	uint64_t addr = (uint64_t)old, len = (new_len + PAGE - 1) & ~(PAGE - 1);

	old_len = (old_len + PAGE - 1) & ~(PAGE - 1);
	if (addr & (PAGE - 1) || !len || len < new_len || flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED) ||
	    (flags & (MREMAP_MAYMOVE | MREMAP_FIXED)) == MREMAP_FIXED)
		return -EINVAL;
	if (len > old_len && !vm_affordable((len - old_len) / PAGE))
		return -ENOMEM;
	lock_take(&vm_lock);
	struct regions *rs = regions_get();
	long result = rs ? remap(rs, addr, old_len, len, flags, (uint64_t)new) : -ENOMEM;
	lock_drop(&vm_lock);
	return result;
}
