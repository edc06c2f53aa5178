/* SPDX-License-Identifier: MIT
 *
 * mmap, munmap, mprotect, brk: Linux's arguments and errors.
 */
#include "vm/internal.h"

#define PROT_RIGHTS    7          /* PROT_READ, WRITE, EXEC: the VM_ bits        */
#define PROT_IGNORED   0x03000008 /* PROT_SEM, PROT_GROWSDOWN, PROT_GROWSUP      */

#define MAP_TYPE       0x0f
#define MAP_SHARED     0x01
#define MAP_PRIVATE    0x02
#define MAP_SHARED_VALIDATE 0x03
#define MAP_FIXED      0x10
#define MAP_ANONYMOUS  0x20
#define MAP_GROWSDOWN  0x100
#define MAP_LOCKED     0x2000
#define MAP_NORESERVE  0x4000
#define MAP_POPULATE   0x8000
#define MAP_HUGETLB    0x40000
#define MAP_FIXED_NOREPLACE 0x100000
#define MAP_KNOWN      0x1fff30   /* everything but the type                     */

#define SPARE 64 /* frames that no program is promised */

/* 0, or why a mapping may not be put there. */
int user_space(uint64_t addr, uint64_t len)
{
	if (len > EXO_STACK_TOP || addr > EXO_STACK_TOP - len)
		return -ENOMEM;
	if (addr < VM_USER_BASE || (addr < EXO_LIBOS_END && addr + len > EXO_LIBOS_BASE))
		return -EPERM;
	return 0;
}

/* What the file says to a mapping like this. */
static int file_check(struct file *file, int prot, bool shared)
{
	unsigned access = file_access(file);

	if (!access)
		return -EBADF;
	if (!(access & VM_READ) || (shared && prot & VM_WRITE && !(access & VM_WRITE)))
		return -EACCES;
	return file_mappable(file) ? 0 : -ENODEV;
}

/* Where the mapping goes, or a negative errno. */
static long place(uint64_t addr, uint64_t len, int flags)
{
	int error = user_space(addr, len);

	if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) {
		addr = region_find_space(len, error ? 0 : addr & ~(PAGE - 1));
		return addr ? (long)addr : -ENOMEM;
	}
	if (addr & (PAGE - 1))
		return -EINVAL;
	if (!error && flags & MAP_FIXED_NOREPLACE && region_find_space(len, addr) != addr)
		error = -EEXIST;
	return error ? error : (long)addr;
}

/* What is asked for must be there now, with its page tables and a little more: a program
 * learns from ENOMEM what a page fault cannot tell it. It is no promise, for what is not
 * touched can still be taken by others. */
bool vm_affordable(uint64_t pages)
{
	struct pool_stats stats;

	pool_stats(&stats);
	return pages + pages / 256 + SPARE <= stats.free;
}

static long map(uint64_t addr, uint64_t len, int prot, int flags, struct file *file, uint64_t offset)
{
	bool shared = flags & MAP_SHARED;
	unsigned vm = prot | (shared ? VM_SHARED : 0) | (flags & MAP_GROWSDOWN ? VM_STACK : 0);
	uint64_t bytes = (len + PAGE - 1) & ~(PAGE - 1);

	if (!len || !(flags & MAP_TYPE) || (flags & MAP_TYPE) > MAP_SHARED_VALIDATE)
		return -EINVAL;
	if ((flags & MAP_TYPE) == MAP_SHARED_VALIDATE && flags & ~(MAP_KNOWN | MAP_TYPE))
		return -EOPNOTSUPP;
	if (bytes < len || flags & MAP_HUGETLB)
		return -ENOMEM;
	if (offset + bytes < offset)
		return -EOVERFLOW;
	if (!(flags & MAP_NORESERVE) && (!file || !shared) && prot & VM_WRITE && !vm_affordable(bytes / PAGE))
		return -ENOMEM;
	int error = file ? file_check(file, prot, shared) : 0;
	if (error)
		return error;
	long at = place(addr, bytes, flags);
	if (at < 0)
		return at;
	error = region_map(at, bytes, vm, file, offset, bytes);
	if (!error && flags & (MAP_POPULATE | MAP_LOCKED))
		populate(at, at + bytes);
	return error ? error : at;
}

long sys_mmap(void *addr, size_t len, int prot, int flags, int fd, uint64_t offset)
{
	struct file *file = NULL;

	if (offset & (PAGE - 1))
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS)) {
		file = file_of_fd(fd);
		if (!file)
			return -EBADF;
	}
	long result = map((uint64_t)addr, len, prot & PROT_RIGHTS, flags, file, offset);
	if (file)
		file_unref(file);
	return result;
}

long sys_munmap(void *p, size_t len)
{
	uint64_t addr = (uint64_t)p, bytes = (len + PAGE - 1) & ~(PAGE - 1);

	if (addr & (PAGE - 1) || !bytes || bytes > EXO_STACK_TOP || addr > EXO_STACK_TOP - bytes)
		return -EINVAL;
	return region_unmap(addr, bytes);
}

long sys_mprotect(void *p, size_t len, int prot)
{
	uint64_t addr = (uint64_t)p, bytes = (len + PAGE - 1) & ~(PAGE - 1);

	if (addr & (PAGE - 1) || prot & ~(PROT_RIGHTS | PROT_IGNORED))
		return -EINVAL;
	if (!len)
		return 0;
	if (bytes < len || addr + bytes < addr)
		return -ENOMEM;
	return region_protect(addr, bytes, prot & PROT_RIGHTS);
}

void vm_set_brk(uint64_t start)
{
	struct proc *proc = proc_self();

	proc->brk_start = proc->brk = (start + PAGE - 1) & ~(PAGE - 1);
}

/* As Linux's: the new end, or the old one if that cannot be. */
long sys_brk(uint64_t end)
{
	struct proc *proc = proc_self();
	uint64_t old = (proc->brk + PAGE - 1) & ~(PAGE - 1), new = (end + PAGE - 1) & ~(PAGE - 1);
	int error = 0;

	if (end < proc->brk_start || end > EXO_STACK_TOP)
		return proc->brk;
	if (new > old && (user_space(old, new - old) || !vm_affordable((new - old) / PAGE) ||
	                  region_find_space(new - old, old) != old))
		return proc->brk;
	if (new > old)
		error = region_map(old, new - old, VM_READ | VM_WRITE, NULL, 0, 0);
	else if (new < old)
		error = region_unmap(new, old - new);
	if (!error)
		proc->brk = end;
	return proc->brk;
}
