/* SPDX-License-Identifier: MIT
 *
 * madvise, mlock, msync, mincore: what a program says of its pages, or asks. Pages
 * are never taken away here, so what is resident is locked as well.
 */
#include "vm/internal.h"

#define MADV_DONTNEED  4
#define MADV_FREE      8
#define MADV_REMOVE    9
#define MADV_MERGEABLE 12
#define MADV_UNMERGEABLE 13
#define MADV_LAST      21         /* MADV_PAGEOUT                                */
#define MS_ASYNC       1
#define MS_INVALIDATE  2
#define MS_SYNC        4
#define MCL_ALL        7          /* MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT        */
#define MLOCK_ONFAULT  1

static uint64_t whole_pages(size_t len)
{
	return (len + PAGE - 1) & ~(PAGE - 1);
}

/* 0 if regions cover the range without a gap. */
static int covered(uint64_t addr, uint64_t end)
{
	struct region_info info;

	for (; addr < end; addr = info.end)
		if (!region_next(addr, &info) || info.start > addr)
			return -ENOMEM;
	return 0;
}

void populate(uint64_t addr, uint64_t end)
{
	struct region_info info;

	for (; addr < end && region_next(addr, &info) && info.start <= addr; addr = info.end)
		for (uint64_t at = addr; at < end && at < info.end; at += PAGE)
			if (!page_entry(at) && !vm_fault(at, info.flags & VM_WRITE ? 2 : 0))
				break;
}

/* Drops the pages of a range: the next touch finds zeros, or the file. Zero pages
 * that are shared stay, for they are all that keeps the contents. */
static int discard(uint64_t addr, uint64_t end)
{
	uint64_t at = addr;

	lock_take(&vm_lock);
	struct regions *rs = regions_get();
	for (uint32_t i = rs ? region_index(rs, addr) : 0; rs && i < rs->count && rs->at[i]->start < end; i++) {
		const struct region *r = rs->at[i];
		uint64_t from = max_u64(addr, r->start), to = min_u64(end, r->end);

		if (r->file || !(r->flags & VM_SHARED)) {
			pages_zap(from, to, true);
			hidden_drop(rs, from, to);
		}
		at = from == at ? to : at;
	}
	lock_drop(&vm_lock);
	return at == end ? 0 : -ENOMEM;
}

long sys_madvise(void *p, size_t len, int advice)
{
	uint64_t addr = (uint64_t)p, bytes = whole_pages(len);

	if (addr & (PAGE - 1) || bytes < len || addr + bytes < addr)
		return -EINVAL;
	if (advice < 0 || advice > MADV_LAST || (advice > MADV_DONTNEED && advice <= MADV_REMOVE && advice != MADV_FREE) ||
	    advice == MADV_MERGEABLE || advice == MADV_UNMERGEABLE)
		return -EINVAL;
	if (!bytes)
		return 0;
	return advice == MADV_DONTNEED ? discard(addr, addr + bytes) : covered(addr, addr + bytes);
}

long sys_msync(void *p, size_t len, int flags)
{
	uint64_t addr = (uint64_t)p, bytes = whole_pages(len);

	if (addr & (PAGE - 1) || flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	return bytes < len || addr + bytes < addr ? -ENOMEM : covered(addr, addr + bytes);
}

long sys_mincore(void *p, size_t len, unsigned char *out)
{
	uint64_t addr = (uint64_t)p, bytes = whole_pages(len);
	int error = 0;

	if (addr & (PAGE - 1))
		return -EINVAL;
	if (bytes < len || addr + bytes < addr || covered(addr, addr + bytes))
		return -ENOMEM;
	for (uint64_t end = addr + bytes; addr < end && !error; addr += PAGE) {
		unsigned char present = page_entry(addr) & EXO_P;

		error = copy_out(out++, &present, 1);
	}
	return error;
}

long sys_mlock2(void *p, size_t len, int flags)
{
	uint64_t addr = (uint64_t)p & ~(PAGE - 1), end = ((uint64_t)p + len + PAGE - 1) & ~(PAGE - 1);

	if (flags & ~MLOCK_ONFAULT || end < addr)
		return -EINVAL;
	if (covered(addr, end))
		return -ENOMEM;
	if (!flags)
		populate(addr, end);
	return 0;
}

long sys_mlock(void *p, size_t len)
{
	return sys_mlock2(p, len, 0);
}

long sys_munlock(void *p, size_t len)
{
	return sys_mlock2(p, len, MLOCK_ONFAULT);
}

long sys_mlockall(int flags)
{
	return !flags || flags & ~MCL_ALL ? -EINVAL : 0;
}

long sys_munlockall(void)
{
	return 0;
}
