/* SPDX-License-Identifier: MIT
 *
 * libos/vm against a mocked kernel with real faults.
 */
#include "mock.h"

#include <stdio.h>
#include <stdlib.h>

#define BASE 0x200000000000ul
#define RW (VM_READ | VM_WRITE)

static const char *failed;
#define CHECK(condition) do { if (!(condition)) { failed = #condition; printf("# line %d\n", __LINE__); return; } } while (0)

static char *bytes(uint64_t addr)
{
	return (char *)addr;
}

static bool all(uint64_t addr, char value, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (bytes(addr)[i] != value)
			return false;
	return true;
}

static void test_buddy(void)
{
	static struct { char *p; unsigned order; } blocks[400];
	uint64_t before = free_frames();
	unsigned seed = 1;

	for (unsigned round = 0; round < 20000; round++) {
		unsigned i = (seed = seed * 1103515245 + 12345) >> 8 & 255;

		if (blocks[i].p) {
			CHECK(*(uint64_t *)blocks[i].p == (uint64_t)blocks[i].p);
			CHECK(blocks[i].p[(PAGE << blocks[i].order) - 1] == (char)i);
			page_unref(blocks[i].p);
			blocks[i].p = NULL;
			continue;
		}
		unsigned order = __builtin_ctz(seed >> 16 | 64);
		blocks[i].p = round & 1 ? page_alloc(order) : page_alloc_zero(order);
		blocks[i].order = order;
		if (!blocks[i].p)
			continue;
		CHECK(!(page_pfn(blocks[i].p) & ((1u << order) - 1)));
		CHECK(round & 1 || all((uint64_t)blocks[i].p, 0, PAGE << order));
		*(uint64_t *)blocks[i].p = (uint64_t)blocks[i].p;
		blocks[i].p[(PAGE << order) - 1] = i;
	}
	for (unsigned i = 0; i < 256; i++)
		if (blocks[i].p)
			page_unref(blocks[i].p);
	CHECK(free_frames() == before);
	void *big = page_alloc(10);
	CHECK(big);
	page_unref(big);
}

static void test_slab(void)
{
	static struct { unsigned char *p; size_t size; } objects[512];
	struct pool_stats before, after;
	unsigned seed = 7;

	pool_stats(&before);
	for (unsigned round = 0; round < 60000; round++) {
		unsigned i = (seed = seed * 1103515245 + 12345) >> 8 & 511;
		size_t n = seed >> 20 & 1 ? seed >> 21 & 127 : seed >> 19 & 0xfff;

		if (objects[i].p) {
			for (size_t k = 0; k < objects[i].size; k++)
				CHECK(objects[i].p[k] == (unsigned char)i);
			slab_free(objects[i].p);
			objects[i].p = NULL;
		} else if ((objects[i].p = slab_alloc(n))) {
			CHECK(!((uint64_t)objects[i].p & 15));
			objects[i].size = n;
			memset(objects[i].p, i, n);
		}
	}
	for (unsigned i = 0; i < 512; i++)
		slab_free(objects[i].p);
	pool_stats(&after);
	CHECK(after.slab_pages <= before.slab_pages + SLAB_CLASSES);
	CHECK(after.free + after.slab_pages == before.free + before.slab_pages);
}

static void test_objects(void)
{
	uint64_t before = free_frames(), pfn[900];
	unsigned n = 0;

	for (; n < 900; n++) {
		pfn[n] = object_frame_alloc(n % 4 + 1);
		CHECK(pfn[n]);
		CHECK(!can_read((uint64_t)page_at(pfn[n])));
		exo_cap_t cap = exo_create(0, frame_cap(pfn[n]), pfn[n], EXO_CREATE(EXO_KIND_PT1, 1), 3000, 0);
		CHECK((long)cap > 0);
		exo_cap_drop(0, cap);
	}
	while (n--)
		object_frame_free(pfn[n], n % 4 + 1);
	CHECK(free_frames() == before);
}

static void test_zero_pages(void)
{
	faults = 0;
	CHECK(!region_map(BASE, 0x400000, RW, NULL, 0, 0));
	uint64_t before = free_frames();
	for (uint64_t at = 0; at < 0x400000; at += PAGE) {
		CHECK(all(BASE + at, 0, PAGE));
		memset(bytes(BASE + at), 1, PAGE);
	}
	CHECK(faults < 0x400 / 16 + 16);
	CHECK(before - free_frames() >= 0x400);
	CHECK(!region_unmap(BASE, 0x400000));
	CHECK(!can_read(BASE));
	CHECK(!region_map(BASE, 0x400000, RW, NULL, 0, 0));
	before = free_frames();
	for (uint64_t at = 0; at < 0x400000; at += 8 * PAGE)
		CHECK(*bytes(BASE + at) == 0);
	CHECK(before - free_frames() < 0x400 / 8 + 8); /* and page tables, but no more */
	CHECK(!region_unmap(BASE, 0x400000));
	while (vm_idle())
		;
	CHECK(!region_map(BASE, 0x10000, RW, NULL, 0, 0));
	for (uint64_t at = 0x10000; at; at -= PAGE) /* downwards */
		CHECK(all(BASE + at - PAGE, 0, PAGE));
	CHECK(!region_unmap(BASE, 0x10000));
}

static void test_files(void)
{
	struct file *f = file_make(10 * PAGE);

	/* like an ELF data segment: 2.5 pages of the file, then zeros */
	CHECK(!region_map(BASE, 4 * PAGE, RW, f, 3 * PAGE, 2 * PAGE + 2048));
	faults = 0;
	CHECK(all(BASE, 4, PAGE) && all(BASE + PAGE, 5, PAGE) && faults == 1);
	CHECK(all(BASE + 2 * PAGE, 6, 2048) && all(BASE + 2 * PAGE + 2048, 0, 2048) && all(BASE + 3 * PAGE, 0, PAGE));
	*bytes(BASE) = 99;
	CHECK(*bytes((uint64_t)page_at(f->frames[3])) == 4 && *bytes(BASE) == 99 && bytes(BASE)[1] == 4);
	*bytes(BASE + 2 * PAGE + 3000) = 7;
	CHECK(*bytes((uint64_t)page_at(f->frames[5]) + 3000) == 6);
	/* shared: the file's own frames */
	CHECK(!region_map(BASE + 0x10000, 12 * PAGE, RW | VM_SHARED, f, 0, 12 * PAGE));
	*bytes(BASE + 0x10000 + 5 * PAGE) = 88;
	CHECK(*bytes((uint64_t)page_at(f->frames[5])) == 88);
	CHECK(can_write(BASE + 0x10000 + 9 * PAGE) && !can_read(BASE + 0x10000 + 10 * PAGE));
	CHECK(!region_map(BASE + 0x20000, 2 * PAGE, VM_READ, f, 0, 2 * PAGE));
	CHECK(can_read(BASE + 0x20000) && !can_write(BASE + 0x20000));
	CHECK(f->refs == 4);
	CHECK(!region_unmap(BASE, 0x30000));
	file_delete(f);
}

static void test_protect(void)
{
	struct file *f = file_make(4 * PAGE);

	CHECK(!region_map(BASE, 16 * PAGE, RW, NULL, 0, 0));
	memset(bytes(BASE), 5, 16 * PAGE);
	CHECK(!region_protect(BASE + 4 * PAGE, 4 * PAGE, 0));
	CHECK(!can_read(BASE + 4 * PAGE) && !can_read(BASE + 7 * PAGE) && can_write(BASE + 3 * PAGE) && can_write(BASE + 8 * PAGE));
	CHECK(!region_protect(BASE + 5 * PAGE, PAGE, VM_READ));
	CHECK(all(BASE + 5 * PAGE, 5, PAGE) && !can_write(BASE + 5 * PAGE) && !can_read(BASE + 6 * PAGE));
	CHECK(!region_protect(BASE, 16 * PAGE, RW));
	CHECK(all(BASE, 5, 16 * PAGE) && can_write(BASE + 7 * PAGE));
	CHECK(proc_self()->regions->count == 1);
	CHECK(region_protect(BASE + 15 * PAGE, 2 * PAGE, RW) == -ENOMEM);
	CHECK(!region_protect(BASE, PAGE, 0) && !region_unmap(BASE, 16 * PAGE));
	/* a private page of a file does not become writable in place */
	CHECK(!region_map(BASE, 4 * PAGE, VM_READ, f, 0, 4 * PAGE));
	CHECK(can_read(BASE) && !region_protect(BASE, 4 * PAGE, RW));
	*bytes(BASE) = 42;
	CHECK(*bytes((uint64_t)page_at(f->frames[0])) == 1);
	CHECK(!region_unmap(BASE, 4 * PAGE));
	file_delete(f);
}

static void test_stack(void)
{
	uint64_t top = EXO_STACK_TOP;

	CHECK(!region_map(top - 4 * PAGE, 4 * PAGE, RW | VM_STACK, NULL, 0, 0));
	for (uint64_t at = PAGE; at <= 0x800000; at += PAGE)
		*bytes(top - at) = 1;
	CHECK(!can_write(top - 0x800000 - PAGE));
	CHECK(!region_unmap(top - 0x800000, 0x800000));
	CHECK(!region_map(top - 4 * PAGE, 4 * PAGE, RW | VM_STACK, NULL, 0, 0));
	CHECK(!region_map(top - 0x200000, PAGE, RW, NULL, 0, 0));
	CHECK(can_write(top - 0x80000) && !can_write(top - 0x180000)); /* the guard gap */
	CHECK(!region_unmap(top - 0x200000, 0x200000));
}

static void test_space_finding(void)
{
	static struct { uint64_t at, len; } used[64];
	uint64_t seed = 3, highest = 0;

	for (unsigned round = 0; round < 6000; round++) {
		unsigned i = (seed = seed * 6364136223846793005u + 1442695040888963407u) >> 33 & 63;
		uint64_t at = used[i].at, len = PAGE << (seed >> 40 & 7);

		if (at) {
			CHECK(*(uint64_t *)at == at && *(uint64_t *)(at + used[i].len - 8) == at);
			CHECK(!sys_munmap((void *)at, used[i].len));
			used[i].at = 0;
			continue;
		}
		at = sys_mmap(seed >> 50 & 1 ? (void *)(highest + 3 * PAGE) : NULL, len, 3, 0x22, -1, 0);
		CHECK(at >= BASE && at < BASE + 0x4000000 && !*(uint64_t *)at);
		*(uint64_t *)at = *(uint64_t *)(at + len - 8) = at;
		highest = max_u64(highest, at) & (BASE | 0x1ffffff);
		used[i].at = at;
		used[i].len = len;
	}
	for (unsigned i = 0; i < 64; i++)
		CHECK(!used[i].at || !sys_munmap((void *)used[i].at, used[i].len));
	CHECK(!regions_get()->count && regions_get()->hole == BASE);
}

static void test_spaces(void)
{
	uint64_t before = 0, kernel = 0;
	struct exo_pte entry;

	for (unsigned round = 0; round < 300; round++) {
		if (round == 10) { /* the first rounds fill the lists of spare pages */
			before = free_frames();
			kernel = kernel_mapped();
		}
		CHECK(!space_begin() && space_begin() == -EBUSY);
		for (unsigned i = 0; i < 20; i++) {
			void *page = page_alloc_zero(0);
			uint64_t pfn = page_pfn(page);
			*(char *)page = i;
			CHECK(!space_map(EXO_LIBOS_BASE + i * PAGE * (1 + round % 200), &pfn, 1, i & 1 ? RW : VM_READ | VM_EXEC));
		}
		if (round % 3 == 0) {
			space_abort();
			continue;
		}
		uint64_t old = space_current();
		CHECK(!space_finish(&entry) && exo_pte_update(0, &entry, 1, EXO_PTE_SYNC) == 1);
		CHECK(*bytes(EXO_LIBOS_BASE + 7 * PAGE * (1 + round % 200)) == 7);
		space_free(old);
	}
	uint64_t last = space_current();
	entry = (struct exo_pte){ .table = vm_root, .index = 0 };
	exo_pte_update(0, &entry, 1, EXO_PTE_SYNC);
	space_free(last);
	CHECK(free_frames() >= before && kernel_mapped() <= kernel);
}

static void test_exhaustion(void)
{
	uint64_t before = free_frames(), at;

	CHECK(!region_map(BASE, 0x8000000, RW, NULL, 0, 0));
	for (at = BASE; at < BASE + 0x8000000 && can_write(at); at += PAGE)
		*(volatile uint64_t *)at = at;
	CHECK(at < BASE + 0x8000000 && free_frames() < 64);
	for (uint64_t i = BASE; i < at; i += PAGE)
		CHECK(*(volatile uint64_t *)i == i);
	CHECK(!page_alloc(0));
	CHECK(!region_unmap(BASE, 0x8000000));
	CHECK(free_frames() + 8 > before);
	CHECK(!region_map(BASE, 0x2000000, RW, NULL, 0, 0));
	for (at = BASE; at < BASE + 0x2000000; at += PAGE)
		CHECK(*(volatile uint64_t *)at == 0);
	CHECK(!region_unmap(BASE, 0x2000000));
}

static const struct { const char *name; void (*run)(void); } tests[] = {
	{ "vm: buddy blocks are disjoint, aligned and coalesce", test_buddy },
	{ "vm: slab objects are disjoint and come back", test_slab },
	{ "vm: object frames are never mapped", test_objects },
	{ "vm: zero pages, fault-around both ways, sparse use", test_zero_pages },
	{ "vm: private and shared file pages", test_files },
	{ "vm: protection, also none and back", test_protect },
	{ "vm: a stack grows to its limit and its guard", test_stack },
	{ "vm: found space is free and used again", test_space_finding },
	{ "vm: exec's tables are built, switched and freed", test_spaces },
	{ "vm: memory runs out and comes back", test_exhaustion },
};

int main(void)
{
	int bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	machine_start(FRAMES);
	regions_get()->base = regions_get()->hole = BASE;
	for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++) {
		uint64_t tables = vm_pool->tables;

		failed = NULL;
		tests[i].run();
		lock_take(&vm_lock);
		tables_trim();
		lock_drop(&vm_lock);
		if (!failed && i && vm_pool->tables > tables + 4)
			failed = "page tables leak";
		printf(failed ? "FAIL %s: %s\n" : "PASS %s\n", tests[i].name, failed);
		bad |= failed != NULL;
	}
	bad |= test_calls();
	return bad;
}
