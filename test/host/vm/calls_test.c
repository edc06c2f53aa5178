/* SPDX-License-Identifier: MIT
 *
 * The memory system calls: their errors, and random calls against a model that
 * keeps of each page its rights and its contents.
 */
#include "mock.h"

#include <stdio.h>
#include <stdlib.h>

#define BASE 0x200000000000ul
#define PAGES 1536u     /* of the model: three level-1 tables */

#define PRIVATE 2
#define SHARED 1
#define FIXED 0x10
#define ANON 0x20
#define NOREPLACE 0x100000

static long mapped(uint64_t addr, uint64_t len, int prot, int flags)
{
	return sys_mmap((void *)addr, len, prot, flags, -1, 0);
}

#define IS(call, value) if ((long)(call) != (long)(value)) return #call

static const char *errors_of_mmap(void)
{
	IS(mapped(0, 0, 3, PRIVATE | ANON), -EINVAL);
	IS(mapped(0, PAGE, 3, ANON), -EINVAL);
	IS(mapped(0, -1ul, 3, PRIVATE | ANON), -ENOMEM);
	IS(mapped(0, 1ul << 40, 3, PRIVATE | ANON), -ENOMEM);
	IS(mapped(BASE + 1, PAGE, 3, PRIVATE | ANON | FIXED), -EINVAL);
	IS(mapped(EXO_LIBOS_BASE, PAGE, 3, PRIVATE | ANON | FIXED), -EPERM);
	IS(mapped(EXO_LIBOS_BASE - PAGE, 2 * PAGE, 3, PRIVATE | ANON | FIXED), -EPERM);
	IS(mapped(0, PAGE, 3, PRIVATE | ANON | FIXED), -EPERM);
	IS(mapped(EXO_STACK_TOP, PAGE, 3, PRIVATE | ANON | FIXED), -ENOMEM);
	IS(mapped(EXO_WINDOW, PAGE, 3, PRIVATE | ANON | FIXED), -ENOMEM);
	IS(mapped(BASE, 4 * PAGE, 3, PRIVATE | ANON | FIXED), BASE);
	IS(mapped(BASE + 3 * PAGE, PAGE, 3, PRIVATE | ANON | NOREPLACE), -EEXIST);
	IS(mapped(BASE + 4 * PAGE, PAGE, 3, PRIVATE | ANON | NOREPLACE), BASE + 4 * PAGE);
	IS(mapped(BASE + 100, PAGE, 3, PRIVATE | ANON), BASE + 5 * PAGE);
	return NULL;
}

static const char *errors_with_files(void)
{
	struct file *f = file_make(3 * PAGE);
	char *at;

	file_ref(f);            /* the one that descriptor 3 names */
	file_unref(f);
	IS(sys_mmap(NULL, PAGE, 3, PRIVATE, 7, 0), -EBADF);
	IS(sys_mmap(NULL, PAGE, 3, PRIVATE, 3, 5), -EINVAL);
	f->access = VM_WRITE;
	IS(sys_mmap(NULL, PAGE, 1, PRIVATE, 3, 0), -EACCES);
	f->access = VM_READ;
	IS(sys_mmap(NULL, PAGE, 3, SHARED, 3, 0), -EACCES);
	at = (char *)sys_mmap(NULL, 2 * PAGE, 1, SHARED, 3, PAGE);
	IS((long)at > 0 && at[0] == 2 && at[PAGE] == 3, 1);
	IS(sys_mprotect(at, PAGE, 3), -EACCES);
	IS(sys_munmap(at, 2 * PAGE), 0);
	IS(sys_munmap(at + 1, PAGE), -EINVAL);
	IS(sys_munmap(at, 0), -EINVAL);
	file_delete(f);
	return NULL;
}

/* On the six pages that errors_of_mmap left at BASE. */
static const char *errors_of_others(void)
{
	IS(sys_mprotect((void *)BASE, PAGE, 64), -EINVAL);
	IS(sys_mprotect((void *)(BASE + 5 * PAGE), 2 * PAGE, 1), -ENOMEM);
	IS(sys_madvise((void *)BASE, 7 * PAGE, 4), -ENOMEM);
	IS(sys_madvise((void *)BASE, PAGE, 7), -EINVAL);
	IS(sys_madvise((void *)BASE, PAGE, 3), 0);
	unsigned char in[5];
	*(char *)(BASE + PAGE) = 1;
	IS(sys_mincore((void *)BASE, 4 * PAGE + 1, in), 0);
	IS(in[0] | in[1] << 1 | in[2] << 2, 2);
	IS(sys_mincore((void *)BASE, 7 * PAGE, in), -ENOMEM);
	IS(sys_msync((void *)BASE, 4 * PAGE, 5), -EINVAL);
	IS(sys_msync((void *)BASE, 7 * PAGE, 4), -ENOMEM);
	IS(sys_mlock((void *)(BASE + 5), 3 * PAGE), 0);
	IS(sys_mincore((void *)BASE, 4 * PAGE, in), 0);
	IS(in[0] & in[1] & in[2] & in[3], 1);
	IS(sys_munlock((void *)BASE, 7 * PAGE), -ENOMEM);
	IS(sys_mlockall(0), -EINVAL);
	IS(sys_mremap((void *)(BASE + 6 * PAGE), PAGE, PAGE, 0, NULL), -EFAULT);
	IS(sys_mremap((void *)BASE, PAGE, 0, 0, NULL), -EINVAL);
	IS(sys_mremap((void *)BASE, PAGE, 2 * PAGE, 0, NULL), -ENOMEM);
	IS(sys_mremap((void *)BASE, PAGE, PAGE, 2, NULL), -EINVAL);
	IS(sys_munmap((void *)BASE, 6 * PAGE), 0);
	return NULL;
}

static const char *errors_of_brk(void)
{
	vm_set_brk(0x401234);
	IS(sys_brk(0), 0x402000);
	IS(sys_brk(0x405678), 0x405678);
	*(char *)0x405677 = 1;
	IS(sys_brk(0x403000), 0x403000);
	IS(can_read(0x404000), 0);
	IS(sys_brk(EXO_LIBOS_BASE + 1), 0x403000);
	IS(sys_brk(0x402000), 0x402000);
	return NULL;
}

static const char *errors(void)
{
	const char *failed = errors_of_mmap();

	failed = failed ? failed : errors_with_files();
	failed = failed ? failed : errors_of_others();
	return failed ? failed : errors_of_brk();
}

static struct { int prot; bool mapped; unsigned char value; } model[PAGES];
static uint64_t seed = 88172645463325252u;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static const char *compare(unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n && i < PAGES; i++) {
		uint64_t at = BASE + i * PAGE;
		bool readable = model[i].mapped && model[i].prot;

		if (can_read(at) != readable)
			return readable ? "a page cannot be read" : "a page can be read";
		if (can_write(at) != (model[i].mapped && model[i].prot & VM_WRITE))
			return "a page's write access is wrong";
		if (readable && (*(unsigned char *)at != model[i].value || *(unsigned char *)(at + 4095) != model[i].value))
			return "a page's contents are wrong";
	}
	return NULL;
}

static const char *step_remap(unsigned first, unsigned n)
{
	unsigned to = rnd() % (PAGES - n);
	uint64_t from = BASE + first * PAGE;
	long r;

	for (unsigned i = first; i < first + n; i++)
		if (!model[i].mapped || model[i].prot != model[first].prot)
			return NULL;
	if (to < first + n && first < to + n)
		return NULL;
	r = sys_mremap((void *)from, n * PAGE, n * PAGE, 3, (void *)(BASE + to * PAGE));
	if (r == -EFAULT)       /* several regions */
		return NULL;
	if (r != (long)(BASE + to * PAGE))
		return "mremap failed";
	for (unsigned i = 0; i < n; i++) {
		model[to + i] = model[first + i];
		model[first + i].mapped = false;
	}
	return NULL;
}

static const char *step(void)
{
	static const int prots[] = { 0, 1, 3, 3 };
	unsigned first = rnd() % PAGES, n = 1 + rnd() % (rnd() & 1 ? 16 : 700);
	int prot = prots[rnd() & 3], op = rnd() % 8;
	bool whole = true;

	if (n > PAGES - first)
		n = PAGES - first;
	void *at = (void *)(BASE + first * PAGE);
	for (unsigned i = first; i < first + n; i++)
		whole &= model[i].mapped;
	if (op == 0 || op == 1) {
		if (op ? sys_munmap(at, n * PAGE) : mapped((uint64_t)at, n * PAGE, prot, PRIVATE | ANON | FIXED) != (long)at)
			return op ? "munmap failed" : "mmap failed";
		for (unsigned i = first; i < first + n; i++) {
			model[i].mapped = !op;
			model[i].prot = prot;
			model[i].value = 0;
		}
	} else if (op == 2) {
		if (sys_mprotect(at, n * PAGE, prot) != (whole ? 0 : -ENOMEM))
			return "mprotect's result is wrong";
		for (unsigned i = first; i < first + n && model[i].mapped; i++)
			model[i].prot = prot;   /* as far as there is something */
	} else if (op == 3 && n < 20) {
		sys_madvise(at, n * PAGE, 4);
		for (unsigned i = first; i < first + n; i++)
			model[i].value = 0;
	} else if (op == 4) {
		return step_remap(first, n);
	} else {
		for (unsigned i = first; i < first + n; i++)
			if (model[i].mapped && model[i].prot & VM_WRITE) {
				model[i].value = rnd();
				memset((void *)(BASE + i * PAGE), model[i].value, PAGE);
			}
	}
	return rnd() & 3 ? NULL : compare(first > 2 ? first - 2 : 0, n + 4);
}

static const char *random_calls(void)
{
	struct pool_stats before, after;
	uint64_t kernel = kernel_mapped();
	unsigned slots = slots_used;

	region_unmap_all();
	regions_get()->base = regions_get()->hole = BASE;
	pool_stats(&before);
	for (unsigned i = 0; i < 3000; i++) {
		const char *failed = step();

		if (failed)
			return failed;
	}
	const char *failed = compare(0, PAGES);
	region_unmap_all();
	pool_stats(&after);
	if (!failed && after.free + after.slab_pages + SLAB_CLASSES < before.free + before.slab_pages)
		failed = "frames leak";
	if (!failed && (after.tables > before.tables + 4 || slots_used > slots + 4 || kernel_mapped() > kernel + 512))
		failed = "tables, slots or mappings leak";
	return failed;
}

int test_calls(void)
{
	const char *failed = errors(), *wrong = failed ? "not run" : random_calls();

	printf(failed ? "FAIL vm: errors of the calls: %s\n" : "PASS vm: errors of the calls\n", failed);
	printf(wrong ? "FAIL vm: random calls agree with the model: %s\n" : "PASS vm: random calls agree with the model\n", wrong);
	return failed || wrong;
}
