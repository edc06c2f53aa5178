/* SPDX-License-Identifier: MIT
 *
 * Leaf entries of the current address space, many at a time.
 */
#include "vm/internal.h"

struct lock vm_lock;

/* The accessed and dirty bits are set from the start: nobody here reads them, and
 * the CPU need not write them. */
uint64_t leaf_value(uint64_t pfn, unsigned prot)
{
	return pfn << 12 | EXO_P | EXO_U | EXO_A | (prot & VM_WRITE ? EXO_W | EXO_D : 0) |
	       (prot & VM_EXEC ? 0 : EXO_NX);
}

static unsigned in_table(uint64_t addr, uint64_t n)
{
	return min_u64(min_u64(n, BATCH), 512 - (addr / PAGE & 511));
}

uint64_t page_entry(uint64_t addr)
{
	volatile uint64_t *entry = addr < EXO_USER_END ? leaf_entry(addr) : NULL;

	return entry ? *entry : 0;
}

void pages_zap(uint64_t addr, uint64_t end, bool unref)
{
	uint64_t start = addr, old[BATCH];

	for (addr = table_next(addr, end); addr < end; addr = table_next(addr, end)) {
		volatile uint64_t *entry = entry_at(addr, 1);
		unsigned n = in_table(addr, (end - addr) / PAGE), used = 0;

		for (unsigned i = 0; i < n; i++)
			used += (old[i] = entry[i]) != 0;
		if (used && !leaf_clear(addr, n, used))
			libos_panic("vm: pages at %lx cannot be unmapped", addr);
		if (used && unref)
			page_unref_many(old, n);
		uint64_t chunk = addr & ~(CHUNK - 1);
		addr += n * PAGE;
		if (addr == end || !(addr & (CHUNK - 1)))
			table_release(chunk, start <= chunk && chunk + CHUNK <= end);
	}
}

static int map_locked(uint64_t addr, const uint64_t *pfns, size_t n, unsigned prot)
{
	pages_zap(addr, addr + n * PAGE, false);
	for (size_t done = 0; done < n;) {
		unsigned k = in_table(addr, n - done);
		int error = table_ensure(addr, 1);
		unsigned i = error ? 0 : leaf_fill(addr, pfns + done, k, prot);

		addr += i * PAGE;
		done += i;
		if (i < k) {
			pages_zap(addr - done * PAGE, addr, false);
			return error ? error : -EFAULT;
		}
	}
	return 0;
}

static bool good_range(uint64_t addr, size_t n)
{
	return !(addr & (PAGE - 1)) && addr < EXO_USER_END && n <= (EXO_USER_END - addr) / PAGE;
}

int pages_map(uint64_t addr, const uint64_t *pfns, size_t n, unsigned prot)
{
	if (!good_range(addr, n))
		return -EINVAL;
	lock_take(&vm_lock);
	int error = map_locked(addr, pfns, n, prot);
	lock_drop(&vm_lock);
	return error;
}

int pages_unmap(uint64_t addr, size_t n)
{
	if (!good_range(addr, n))
		return -EINVAL;
	lock_take(&vm_lock);
	pages_zap(addr, addr + n * PAGE, false);
	lock_drop(&vm_lock);
	return 0;
}

int pages_protect(uint64_t addr, size_t n, unsigned prot)
{
	uint64_t end = addr + n * PAGE, values[BATCH];
	int error = 0;

	if (!good_range(addr, n))
		return -EINVAL;
	lock_take(&vm_lock);
	for (addr = table_next(addr, end); addr < end && !error; addr = table_next(addr, end)) {
		volatile uint64_t *entry = entry_at(addr, 1);
		unsigned k = in_table(addr, (end - addr) / PAGE);

		for (unsigned i = 0; i < k; i++)
			values[i] = entry[i] ? leaf_value((entry[i] & EXO_PTE_ADDR) >> 12, prot) : 0;
		if (!leaf_change(addr, values, k))
			error = -EFAULT;
		addr += k * PAGE;
	}
	lock_drop(&vm_lock);
	return error;
}
