/* SPDX-License-Identifier: MIT
 *
 * What the files of libos/vm share among themselves.
 *
 * Locks, in the order in which they may be taken:
 *   vm_lock            this process's regions and page tables, but for the window's
 *   pool->slab_lock
 *   window_lock        the window's page tables (window.c)
 *   pool->lock
 * A fault on the window may come at any instruction that touches it, under the
 * first two as well, and takes the last two. So code under the last two touches
 * only the arena and the array of struct page, which are always mapped.
 */
#ifndef LIBOS_VM_INTERNAL_H
#define LIBOS_VM_INTERNAL_H
#include "posix/linux.h"
#include "proc/proc.h"
#include "vm/vm.h"

#define PAGE   4096ul
#define CHUNK  0x200000ul    /* what one level-1 table or one large entry maps  */
#define CHUNK_FRAMES 512ul
#define BATCH  64            /* entries to one exo_pte_update                   */
#define VM_BUILD 0x0000708000000000ul /* level-4 slot 225: exec's tables while they are made */
#define VM_USER_BASE 0x10000ul   /* lowest address that a program may map       */
#define SLOT4  (1ul << 39)   /* what one level-4 slot covers                    */

static inline uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }
static inline uint64_t max_u64(uint64_t a, uint64_t b) { return a > b ? a : b; }

extern struct pool *vm_pool;
extern exo_cap_t vm_root;            /* all entries of this process's level-4 table */
extern bool vm_lazy;                 /* vm_ready was called                     */
extern struct lock vm_lock;

/* ---- early.c: before the pool ---------------------------------------------- */
extern const struct pool_range *vm_ranges;
extern unsigned vm_range_count;
bool early_active(void);
uint64_t early_frame(void);          /* 0: none is left                         */
uint32_t early_slot(void);
void early_table(uint64_t pfn, exo_cap_t handle, volatile uint64_t *entries);
exo_cap_t early_handle(uint64_t pfn);

/* ---- buddy.c: blocks of one zone; pool->lock is held ------------------------- */
static inline struct page *page_struct(uint64_t pfn)   /* NULL: not in the pool  */
{
	const struct pool_range *r = vm_ranges, *end = r + vm_range_count;

	for (; r < end; r++)
		if (pfn - r->base < r->count)
			return r->pages ? r->pages + (pfn - r->base) : NULL;
	return NULL;
}
uint64_t zone_take(unsigned zone, unsigned order);  /* first frame; 0: none     */
void zone_give(unsigned zone, uint64_t pfn, unsigned order);
void zone_give_run(unsigned zone, uint64_t pfn, uint64_t end);

/* ---- pool.c ------------------------------------------------------------------ */
/* Single frames; how many. With `zeroed`, the first *zeroed of them are zero. */
unsigned page_alloc_many(uint64_t *pfns, unsigned n, unsigned *zeroed);
/* page_unref for the frames that these leaf entries led to; others are left alone. */
void page_unref_many(const uint64_t *entries, unsigned n);

static inline void page_clear(void *page)
{
	uint64_t words = 512;

	__asm__ volatile("rep stosq" : "+D"(page), "+c"(words) : "a"(0ul) : "memory");
}
static inline void page_copy(void *to, const void *from)
{
	uint64_t words = 512;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

/* ---- objects.c ------------------------------------------------------------------ */
bool objects_grow(void);             /* one more chunk; pool->lock is held      */

/* ---- window.c ------------------------------------------------------------------ */
bool window_fault(uint64_t addr);
bool window_map(const void *p, uint64_t bytes);  /* before vm_ready             */
void window_forget(uint64_t pfn);    /* unmaps a free chunk; pool->lock is held  */

/* ---- tables.c: the current page tables --------------------------------------- */
/* Where the self-map shows the entry of this level that leads to addr. */
static inline __attribute__((always_inline)) volatile uint64_t *entry_at(uint64_t addr, unsigned level)
{
	for (; level; level--)
		addr = EXO_SELF_MAP + (addr >> 9 & 0x7ffffffff8ul);
	return (volatile uint64_t *)addr;
}
/* The level-1 entry's place, or NULL if there is no table for it. */
static inline volatile uint64_t *leaf_entry(uint64_t addr)
{
	if (!(*entry_at(addr, 4) & EXO_P) || !(*entry_at(addr, 3) & EXO_P))
		return NULL;
	return (*entry_at(addr, 2) & (EXO_P | EXO_PS)) == EXO_P ? entry_at(addr, 1) : NULL;
}
/* Makes what is missing above the entry of this level. */
int table_ensure(uint64_t addr, unsigned level);
exo_cap_t table_handle(uint64_t addr, unsigned level); /* of the table with that entry */
/* Writes a present or an empty entry of this level: 0 or -EFAULT. */
int table_write(uint64_t addr, unsigned level, uint64_t value, exo_cap_t object);
/* At most BATCH leaf entries from addr, in one level-1 table that is there:
 * leaf_fill and leaf_put make empty ones present, for frames or with these values,
 * and return how many were done; leaf_change changes what is present and leaves
 * empty (0) what is empty; leaf_clear empties them all, `used` of which are not. */
unsigned leaf_fill(uint64_t addr, const uint64_t *pfns, unsigned n, unsigned prot);
unsigned leaf_put(uint64_t addr, const uint64_t *values, unsigned n);
bool leaf_change(uint64_t addr, const uint64_t *values, unsigned n);
bool leaf_clear(uint64_t addr, unsigned n, unsigned used);
/* After leaves were cleared: a table that is empty goes, or is kept as the spare. */
void table_release(uint64_t addr, bool now);
/* Takes away the table below the entry of this level if it is empty, then the one
 * that held that entry, and so on. */
void table_prune(uint64_t addr, unsigned level);
void tables_trim(void);              /* the spare goes too                      */
/* The next address from addr on that has a level-1 table; end if there is none. */
uint64_t table_next(uint64_t addr, uint64_t end);

/* ---- pages.c; vm_lock is held ------------------------------------------------- */
uint64_t leaf_value(uint64_t pfn, unsigned prot);
void pages_zap(uint64_t addr, uint64_t end, bool unref);

/* ---- region.c ------------------------------------------------------------------ */
struct region {
	uint64_t start, end;
	struct file *file;       /* with a reference, or NULL                        */
	uint64_t offset;         /* of start in the file                             */
	uint64_t file_end;       /* offset at which its valid bytes end              */
	unsigned flags;          /* VM_*                                             */
	unsigned around;         /* pages that the last fault on zero pages mapped,  */
	uint64_t last_start, last_end; /* and where                                  */
};
/* The regions of a process, sorted. */
struct regions {
	struct region **at;      /* from page_alloc(order)                           */
	uint32_t count, capacity, last;   /* last: index of the last hit             */
	uint64_t base;           /* region_find_space begins here                    */
	uint64_t hole;           /* no free space in [base, hole)                    */
	struct hidden *hidden;   /* hidden.c                                         */
};
struct regions *regions_get(void);   /* NULL: no memory                         */
uint32_t region_index(struct regions *, uint64_t addr); /* first that ends above addr */
struct region *region_at(struct regions *, uint64_t addr);
int region_split(struct regions *, uint64_t addr);      /* a border at addr      */
int region_insert(struct regions *, struct region *);   /* takes it unless it fails */
void region_delete(struct region *);                    /* one that is not inserted */
void regions_merge(struct regions *, uint64_t addr, uint64_t end); /* alike neighbours */
uint64_t region_space(struct regions *, uint64_t len, uint64_t hint); /* 0: none */
int region_remove(struct regions *, uint64_t addr, uint64_t end, bool pages);
bool region_free_at(struct regions *, uint64_t addr, uint64_t len);
struct region *region_grow_stack(struct regions *, uint64_t addr);
struct region *region_new(uint64_t addr, uint64_t len, unsigned flags, struct file *,
                          uint64_t offset, uint64_t file_end);

/* ---- mmap.c ---------------------------------------------------------------------- */
int user_space(uint64_t addr, uint64_t len); /* 0, or why a program may not map it */
bool vm_affordable(uint64_t pages);          /* whether that many are free now   */

/* ---- advice.c -------------------------------------------------------------------- */
void populate(uint64_t addr, uint64_t end);  /* faults it in, as far as that goes */

/* ---- hidden.c: frames of pages that mprotect made inaccessible ------------------ */
int hidden_put(struct regions *, uint64_t addr, uint64_t pfn);
uint64_t hidden_take(struct regions *, uint64_t addr);    /* pfn, or 0           */
void hidden_drop(struct regions *, uint64_t addr, uint64_t end); /* unreferences  */
#endif
