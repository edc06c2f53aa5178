/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "mock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { KERNEL, USER, PT1, PT2, PT3, PT4 };
static uint8_t type[FRAMES];
static uint32_t refs[FRAMES], large[FRAMES / 512];
static char *physical;
static int memory;
static struct { exo_cap_t handle; uint32_t type; uint64_t base, count; } caps[4096];
static uint32_t generation[4096];
static uint64_t tlb[8192];
static unsigned tlb_used;
static sigjmp_buf *probing;
unsigned faults, large_mappings, slots_used;

/* ---- the kernel's calls ------------------------------------------------------------- */

static uint64_t *frame(uint64_t pfn)
{
	return (uint64_t *)(physical + pfn * 4096);
}

static int cap_of(exo_cap_t handle)
{
	uint32_t slot = EXO_HANDLE_SLOT(handle);

	return slot < 4096 && handle && caps[slot].handle == handle ? (int)slot : -1;
}

static exo_cap_t cap_put(uint32_t slot, uint32_t kind, uint64_t base, uint64_t count)
{
	caps[slot].handle = EXO_HANDLE(slot, ++generation[slot]);
	caps[slot].type = kind;
	caps[slot].base = base;
	caps[slot].count = count;
	return caps[slot].handle;
}

static void tlb_flush(void)
{
	while (tlb_used)
		mmap((void *)tlb[--tlb_used], 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
}

/* Counts what an entry leads to. */
static void count(unsigned level, uint64_t e, int by)
{
	uint64_t pfn = (e & EXO_PTE_ADDR) >> 12;

	if (!(e & EXO_P))
		return;
	if (level == 2 && e & EXO_PS) {
		large[pfn / 512] += by;
		large_mappings += by;
	} else {
		refs[pfn] += by;
	}
}

static long refuse(const struct exo_pte *e, unsigned level)
{
	uint64_t pfn = (e->value & EXO_PTE_ADDR) >> 12;
	bool big = level == 2 && e->value & EXO_PS, link = level > 1 && !big;
	int object = cap_of(e->object);

	if (e->index > 511 || (level == 4 && e->index >= 255))
		return -EXO_EENTRY;
	if (!(e->value & EXO_P))
		return e->value & EXO_PTE_ADDR ? -EXO_EENTRY : 0;
	if (object < 0)
		return -EXO_EBADCAP;
	if (link)
		return caps[object].type != EXO_PTE || caps[object].base != pfn * 512 ? -EXO_ERANGE :
		       type[pfn] != PT1 + level - 2 ? -EXO_EFRAME : refs[pfn] ? -EXO_EBUSY : 0;
	if (caps[object].type != EXO_FRAME || pfn < caps[object].base ||
	    pfn + (big ? 512 : 1) > caps[object].base + caps[object].count)
		return -EXO_ERANGE;
	for (uint64_t i = pfn; i < pfn + (big ? 512 : 1); i++)
		if (type[i] != USER)
			return -EXO_EFRAME;
	return 0;
}

long exo_pte_update(exo_cap_t table, const struct exo_pte *batch, uint64_t n, uint64_t flags)
{
	bool flush = false;

	(void)table, (void)flags;
	if (n > EXO_PTE_BATCH_MAX)
		return -EXO_EINVAL;
	for (uint64_t i = 0; i < n; i++) {
		int cap = cap_of(batch[i].table);
		if (cap < 0 || caps[cap].type != EXO_PTE)
			return i ? (long)i : -EXO_EBADCAP;
		uint64_t pfn = caps[cap].base / 512, *entry = frame(pfn) + batch[i].index;
		unsigned level = type[pfn] - PT1 + 1;
		long error = refuse(&batch[i], level);
		if (error)
			return i ? (long)i : error;
		flush |= *entry & EXO_P;
		count(level, *entry, -1);
		count(level, batch[i].value, 1);
		*entry = batch[i].value;
	}
	if (flush)
		tlb_flush();
	return n;
}

long exo_create(exo_cap_t table, exo_cap_t frames, uint64_t pfn, uint64_t kind, uint64_t slot, exo_cap_t arg)
{
	int cap = cap_of(frames);

	(void)table, (void)arg;
	if (cap < 0 || caps[cap].type != EXO_FRAME || pfn - caps[cap].base >= caps[cap].count)
		return -EXO_EBADCAP;
	if (type[pfn] != USER || caps[slot].handle)
		return caps[slot].handle ? -EXO_EEXIST : -EXO_EFRAME;
	if (refs[pfn] || large[pfn / 512])
		return -EXO_EBUSY;
	type[pfn] = PT1 + (kind & 0xff) - EXO_KIND_PT1;
	memset(frame(pfn), 0, 4096);
	return cap_put(slot, EXO_PTE, pfn * 512, 512);
}

long exo_cap_drop(exo_cap_t table, exo_cap_t handle)
{
	int cap = cap_of(handle);

	(void)table;
	if (cap < 0)
		return -EXO_EBADCAP;
	uint64_t pfn = caps[cap].base / 512;
	if (refs[pfn])
		return -EXO_EBUSY;
	for (int i = 0; i < 512; i++)
		count(type[pfn] - PT1 + 1, frame(pfn)[i], -1);
	memset(frame(pfn), 0x5a, 4096);
	type[pfn] = USER;
	caps[cap].handle = 0;
	return 0;
}

uint32_t cap_slot_alloc(void)
{
	for (uint32_t i = 64; i < 4096; i++)
		if (!caps[i].handle) {
			slots_used++;
			return i;
		}
	return 0;
}

void cap_slot_free(uint32_t slot)
{
	slots_used--;
	(void)slot;
}

exo_cap_t cap_find(uint32_t kind, uint64_t base, uint64_t n)
{
	for (uint32_t i = 1; i < 4096; i++)
		if (caps[i].handle && caps[i].type == kind && base >= caps[i].base && base + n <= caps[i].base + caps[i].count)
			return caps[i].handle;
	return 0;
}

uint64_t kernel_mapped(void)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < FRAMES; i++)
		n += type[i] == USER ? refs[i] : 0;
	return n;
}

/* ---- the MMU --------------------------------------------------------------------------- */

/* Translates addr: the frame with EXO_P, and EXO_W if all levels have it; 0: not mapped. */
static uint64_t translate(uint64_t addr)
{
	uint64_t pfn = caps[EXO_BOOT_ROOT].base / 512, write = EXO_W;

	for (unsigned level = 4; level; level--) {
		uint64_t e = frame(pfn)[addr >> (3 + 9 * level) & 511];

		if (!(e & EXO_P))
			return 0;
		write &= e;
		pfn = (e & EXO_PTE_ADDR) >> 12;
		if (level == 2 && e & EXO_PS) {
			pfn += addr >> 12 & 511;
			break;
		}
	}
	return pfn << 12 | EXO_P | write;
}

static void fault(int number, siginfo_t *info, void *context)
{
	uint64_t addr = (uint64_t)info->si_addr, page = addr & ~4095ul, entry;
	bool write = ((ucontext_t *)context)->uc_mcontext.gregs[REG_ERR] & 2;

	(void)number;
	entry = translate(page);
	if (entry && (!write || entry & EXO_W)) {
		if (tlb_used == sizeof tlb / sizeof *tlb)
			tlb_flush();
		if (mmap((void *)page, 4096, PROT_READ | (entry & EXO_W ? PROT_WRITE : 0), MAP_SHARED | MAP_FIXED, memory,
		         entry & EXO_PTE_ADDR) == MAP_FAILED)
			abort();
		tlb[tlb_used++] = page;
		return;
	}
	faults += page < EXO_WINDOW;
	if (vm_fault(addr, (entry ? 1 : 0) | (write ? 2 : 0) | 4))
		return;
	if (probing)
		siglongjmp(*probing, 1);
	fprintf(stderr, "fault at %lx is not repaired\n", addr);
	abort();
}

static bool can(uint64_t addr, bool write)
{
	sigjmp_buf jump;
	volatile char *p = (volatile char *)addr;
	uint64_t word = vm_lock.word;

	if (sigsetjmp(jump, 1)) {
		probing = NULL;
		return false;
	}
	probing = &jump;
	char c = *p;
	if (write)
		*p = c;
	probing = NULL;
	return word == vm_lock.word;
}

bool can_read(uint64_t addr)
{
	return can(addr, false);
}

bool can_write(uint64_t addr)
{
	return can(addr, true);
}

/* ---- boot ---------------------------------------------------------------------------------- */

const char *__asan_default_options(void)
{
	return "allow_user_segv_handler=1:handle_segv=0:detect_leaks=0";
}

/* Where the loader has put something already, another layout is tried. */
static void reserve(uint64_t base, uint64_t bytes)
{
	const char *tries = getenv("VM_TEST_TRIES");
	char more[16];

	if (mmap((void *)base, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0) ==
	    (void *)base)
		return;
	snprintf(more, sizeof more, "%d", tries ? atoi(tries) + 1 : 1);
	setenv("VM_TEST_TRIES", more, 1);
	if (!tries || atoi(tries) < 40)
		execl("/proc/self/exe", "vm_test", (char *)NULL);
	printf("FAIL vm: address %lx is never free on this host\n", base);
	exit(1);
}

/* A PC in small: memory below 640 KiB, a kernel at 1 MiB, an image and a module behind it. */
void machine_start(uint64_t frames)
{
	struct sigaction action = { .sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_NODEFER };
	struct pool_range ranges[2] = { { .base = 1, .count = 0x9e }, { .base = 0x180, .count = frames - 0x180 } };
	const struct exo_span busy[2] = { { 0x180000, 0x2c000 }, { 0x400000, 0x123456 } };
	const uint32_t root = 0x181;

	reserve(EXO_SELF_MAP, SLOT4 / 2); /* what shows entries of user addresses */
	reserve(EXO_WINDOW, FRAMES * 4096ul);
	memory = memfd_create("frames", 0);
	if (ftruncate(memory, FRAMES * 4096l))
		abort();
	physical = mmap(NULL, FRAMES * 4096ul, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	memset(physical, 0xa5, frames * 4096ul);
	for (int i = 0; i < 2; i++) {
		ranges[i].frame = cap_put(9 + i, EXO_FRAME, ranges[i].base, ranges[i].count);
		memset(type + ranges[i].base, USER, ranges[i].count);
	}
	type[root] = PT4;
	memset(frame(root), 0, 4096);
	frame(root)[255] = (uint64_t)root << 12 | EXO_P | EXO_U | EXO_NX;
	cap_put(EXO_BOOT_ROOT, EXO_PTE, root * 512ul, 512);
	sigaction(SIGSEGV, &action, NULL);
	if (arena_map(ranges, 2, busy, 2, 40000, 32) != 3 || pool_init((struct pool *)EXO_ARENA))
		abort();
	vm_ready();
}
