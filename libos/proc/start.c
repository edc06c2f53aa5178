/* SPDX-License-Identifier: MIT
 *
 * From the entry point to a process: the first image of an application builds the
 * arena, the frame pool and the vCPU's block; one that exec started finds them.
 */
#include "core/arena.h"
#include "core/time.h"
#include "core/upcall.h"
#include "vm/vm.h"

#define PAGE 4096ul
#define BUSY_MAX (EXO_MODULES_MAX + 1)
#define E820_USABLE 1
#define XSTATE_PKRU (1ul << 9)
#define EVENTS (1ul << EXO_EV_SLICE_END | 1ul << EXO_EV_TIMER)

extern char __exo_bss_end[];

/* Until the vCPU has its own page: enough for critical sections. */
static struct vcpu early_vcpu;

static struct {
	const struct exo_info *info;
	exo_cap_t table;                /* the level-1 table where info is mapped   */
	uint32_t slots;                 /* first empty one of the capability table  */
	unsigned ranges, busy;
	struct pool_range range[POOL_RANGES];
	struct exo_span span[BUSY_MAX];
} boot;

static _Noreturn void fail(void)        /* there is no log yet, but the kernel reports a fault */
{
	__builtin_trap();
}

static uint64_t volatile *self_entry(uint64_t addr, unsigned level)
{
	for (; level; level--)
		addr = EXO_SELF_MAP + (addr >> 9 & 0x7ffffffff8ul);
	return (uint64_t volatile *)addr;
}

/* Where the memory lies stands in the information pages, and to map them at their
 * place takes page tables: so for a start they go behind the image, into the table
 * that maps its end. */
static void map_info(void)
{
	uint64_t at = ((uint64_t)__exo_bss_end + PAGE - 1) & -PAGE, last = at + EXO_INFO_FRAMES * PAGE - 1;
	uint64_t table = (*self_entry((uint64_t)__exo_bss_end - 1, 2) & EXO_PTE_ADDR) >> 12;
	struct exo_pte e = { .object = EXO_HANDLE(EXO_BOOT_INFO, 1) };
	struct exo_cap_info c, frames;

	if (exo_cap_inspect(0, EXO_BOOT_INFO, &frames) < 0 || last >> 21 != ((uint64_t)__exo_bss_end - 1) >> 21)
		fail();
	for (uint32_t slot = EXO_BOOT_ROOT; exo_cap_inspect(0, slot, &c) == 0 && c.type; slot++)
		if (c.type == EXO_PTE && c.base == table * 512 && c.count == 512)
			e.table = c.handle;
	for (unsigned i = 0; i < EXO_INFO_FRAMES; i++) {
		e.index = (at >> 12 & 511) + i;
		e.value = (frames.base + i) << 12 | EXO_P | EXO_NX;
		if (exo_pte_update(0, &e, 1, 0) != 1)
			fail();
	}
	boot.table = e.table;
	boot.info = (const struct exo_info *)at;
}

static void unmap_info(void)
{
	for (unsigned i = 0; i < EXO_INFO_FRAMES; i++) {
		struct exo_pte e = { .table = boot.table, .index = ((uint64_t)boot.info >> 12 & 511) + i };

		exo_pte_update(0, &e, 1, 0);
	}
}

static bool is_memory(const struct exo_cap_info *c)
{
	const uint64_t base = c->base * PAGE, end = base + c->count * PAGE;
	const uint16_t need = EXO_R_READ | EXO_R_WRITE | EXO_R_EXEC | EXO_R_RETYPE;

	if (c->type != EXO_FRAME || (c->rights & need) != need)
		return false;
	for (uint32_t i = 0; i < boot.info->mem_count; i++) {
		const struct exo_mem *m = &boot.info->mem[i];

		if (m->type == E820_USABLE && base >= m->base && end <= m->base + m->size)
			return true;
	}
	return false;
}

static void find_memory(void)
{
	struct exo_cap_info c;
	uint32_t slot;

	for (slot = EXO_BOOT_TABLE; exo_cap_inspect(0, slot, &c) == 0 && c.type; slot++)
		if (is_memory(&c) && boot.ranges < POOL_RANGES)
			boot.range[boot.ranges++] = (struct pool_range){ c.handle, c.base, c.count, NULL };
	boot.slots = slot;
	boot.span[boot.busy++] = boot.info->first;
	for (uint32_t i = 0; i < boot.info->module_count; i++)
		boot.span[boot.busy++] = boot.info->module[i];
}

static void arena_build(void)
{
	struct pool *pool;

	if (arena_map(boot.range, boot.ranges, boot.span, boot.busy, ARENA_MAPPED, boot.slots) < 0)
		fail();
	ARENA->magic = EXO_INFO_MAGIC;
	ARENA->hash = EXO_LAYOUT_HASH;
	caps_init();
	log_init();
	pool = arena_part(ARENA_POOL, sizeof *pool);
	if (pool_init(pool) < 0)
		libos_panic("no memory for the frame pool");
}

/* The information pages at their own place: struct exo_info, then one page a CPU. */
static void info_place(void)
{
	struct exo_cap_info c;
	uint64_t pfn[EXO_INFO_FRAMES + EXO_CPUS_MAX];

	exo_cap_inspect(0, EXO_BOOT_INFO, &c);
	for (unsigned i = 0; i < EXO_INFO_FRAMES + EXO_CPUS_MAX; i++)
		pfn[i] = c.base + i;
	if (pages_map(EXO_INFO_BASE, pfn, EXO_INFO_FRAMES, VM_READ) < 0
	    || pages_map(EXO_CPU_BASE, pfn + EXO_INFO_FRAMES, c.count - EXO_INFO_FRAMES, VM_READ) < 0)
		libos_panic("the information pages cannot be mapped");
	unmap_info();
}

/* n zeroed pages at addr; the first one's frame. */
static uint64_t place_pages(uint64_t addr, unsigned n)
{
	uint64_t first = 0, pfn;
	void *page;

	for (unsigned i = 0; i < n; i++) {
		page = page_alloc_zero(0);
		pfn = page ? page_pfn(page) : 0;
		if (!page || pages_map(addr + i * PAGE, &pfn, 1, VM_READ | VM_WRITE) < 0)
			libos_panic("no memory for the vCPU");
		first = i ? first : pfn;
	}
	return first;
}

static void vcpu_build(void)
{
	struct vcpu *v = (struct vcpu *)EXO_VCPU_BASE;
	uint64_t pfn = place_pages(EXO_VCPU_BASE, 1);

	place_pages(EXO_VCPU_BASE + 2 * PAGE, (EXO_NESTED_TOP - 2 * PAGE) / PAGE);
	place_pages(EXO_VCPU_BASE + EXO_NESTED_TOP + PAGE, (EXO_UPCALL_TOP - EXO_NESTED_TOP - PAGE) / PAGE);
	v->k.mask = 1;
	v->depth = 1;
	v->k.self = (uint64_t)v;
	v->this = v;
	v->cap = early_vcpu.cap;
	v->features = info()->features;
	v->vector_mask = info()->xsave_mask & ~XSTATE_PKRU;
	v->timer_at = UINT64_MAX;
	v->k.enabled = EVENTS;
	vcpu_configure(v, pfn);
	if (exo_set_base(EXO_BASE_GS, (uint64_t)v) < 0)
		libos_panic("set_base fails");
}

static void build(void)
{
	early_vcpu.this = &early_vcpu;
	early_vcpu.cap = EXO_HANDLE(EXO_BOOT_VCPU, 1);
	early_vcpu.depth = early_vcpu.k.mask = 1;
	if (exo_set_base(EXO_BASE_GS, (uint64_t)&early_vcpu) < 0)
		fail();
	map_info();
	find_memory();
	arena_build();
	info_place();
	vcpu_build();
}

static void attach(void)
{
	struct vcpu *v = (struct vcpu *)EXO_VCPU_BASE;

	pool_attach(arena_part(ARENA_POOL, sizeof(struct pool)), EXO_HANDLE(EXO_BOOT_ROOT, 1));
	log_init();
	v->k.enabled = EVENTS;          /* a bell waits until this image has a handler for it */
	vcpu_configure(v, (*self_entry((uint64_t)v, 1) & EXO_PTE_ADDR) >> 12);
}

_Noreturn void start_image(uint64_t kind)
{
	if (kind == EXO_START_BOOT)
		build();
	else
		attach();
	vm_ready();
	time_init();
	proc_start(kind);
}
