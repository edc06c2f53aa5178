/* SPDX-License-Identifier: MIT
 *
 * Memory of the application: the frame pool with its buddy allocator and slabs
 * (shared by its processes, in the arena and the window), and the regions of one
 * process with demand paging.
 */
#ifndef LIBOS_VM_H
#define LIBOS_VM_H
#include "core/core.h"
#include "vm/pool.h"

/* ---- start --------------------------------------------------------------------
 * The first process calls, in this order and before it has upcalls:
 *   arena_map  maps `bytes` of zeroed frames at EXO_ARENA, for struct arena, taken
 *              from the ranges but not from the busy spans. Uses capability slots
 *              from first_slot on for the page tables; returns how many, or a
 *              negative errno.
 *   pool_init  gives the pool, which is in the arena, all other frames of those
 *              ranges; cap_slot_alloc must work from here on. 0 or -ENOMEM.
 * An image that exec started calls pool_attach instead of the two.
 * Then both configure the vCPU, with what page_alloc and pages_map give, and call
 *   vm_ready   the window is mapped by vm_fault from now on, no longer at once.
 * A stack that upcalls or masked code run on must never fault on the window: take it
 * from page_alloc_zero, which touches every page. */
long arena_map(const struct pool_range *ranges, unsigned n, const struct exo_span *busy,
               unsigned busy_count, uint64_t bytes, uint32_t first_slot);
int pool_init(struct pool *);
void pool_attach(struct pool *, exo_cap_t root);
void vm_ready(void);

/* ---- frames of the pool ------------------------------------------------------
 * Each frame has a struct page in an array that the pool keeps. */
struct page {
	union {
		uint32_t refs;       /* users: mappings by regions, the page cache, an owner;
		                      * of a page table: its entries in use              */
		struct { uint16_t slab_free, slab_used; };
	};
	uint8_t order, flags;    /* of a free or allocated block's first frame           */
	uint16_t slab;           /* slab class, if it holds small objects                */
	union {
		struct { uint32_t next, prev; }; /* free list, by pfn                    */
		exo_cap_t object;    /* frame of a kernel object: its capability      */
	};
};
#define PAGE_FREE   0x01     /* first frame of a free block                       */
#define PAGE_OBJECT 0x02     /* of ZONE_OBJECTS, or a kernel object               */
#define PAGE_TABLE  0x04     /* a page table that tables.c made; `object` is its handle */
#define PAGE_SLAB   0x08
#define PAGE_BUSY   0x10     /* was busy at pool_init and not adopted since       */
#define PAGE_SPLIT  0x20     /* of a chunk's first frame: never map it large       */
#define PAGE_ZEROED 0x40     /* in the pool of zeroed frames                      */

void *page_alloc(unsigned order);        /* window address, or NULL; contents undefined */
void *page_alloc_zero(unsigned order);   /* zeroed; order 0 from the zeroed-frame pool */
void page_ref(void *page);
void page_unref(void *page);             /* frees it at zero                          */
struct page *page_of(const void *window_address);
static inline uint64_t page_pfn(const void *p) { return ((uint64_t)p - EXO_WINDOW) >> 12; }
static inline void *page_at(uint64_t pfn) { return (void *)(EXO_WINDOW + (pfn << 12)); }
/* Gives a frame that was busy at pool_init (of a boot module) to the pool's books,
 * as a page with one reference, the caller's; its contents stay. Later page_unref
 * frees it. NULL if the frame is not a busy one of the pool. */
void *page_adopt(uint64_t pfn);
/* A frame that may become a kernel object (never under a large mapping of the
 * window); 0 if there is none. */
uint64_t object_frame_alloc(unsigned count);
void object_frame_free(uint64_t pfn, unsigned count);
exo_cap_t frame_cap(uint64_t pfn);       /* a FRAME capability that covers it; 0      */

void *slab_alloc(size_t size);           /* <= 2048: from slabs; else whole pages. NULL:
                                          * no memory. 16-byte aligned, not zeroed     */
void *slab_zalloc(size_t size);
void slab_free(void *p);

/* In frames; free includes the zeroed ones, tables are those of this pool. */
struct pool_stats { uint64_t total, free, zeroed, tables, slab_pages; };
void pool_stats(struct pool_stats *);
/* Bounded work for an idle CPU (zeroes a few frames); true if there is more. */
bool vm_idle(void);

/* ---- regions of the current process ---------------------------------------- */
struct file;
#define VM_READ 1
#define VM_WRITE 2
#define VM_EXEC 4
#define VM_SHARED 8
#define VM_STACK 16      /* grows down into the space below it                  */
/* Maps [addr, addr+len) (page-aligned; replaces what is there). file may be NULL:
 * zero pages. Otherwise the file's frames at byte offset `offset` (page-aligned),
 * valid for file_bytes bytes; the rest of the last page is zero and further pages
 * are zero pages (as ELF .bss wants). Takes a reference to the file. */
int region_map(uint64_t addr, uint64_t len, unsigned flags, struct file *file,
               uint64_t offset, uint64_t file_bytes);
int region_unmap(uint64_t addr, uint64_t len);
int region_protect(uint64_t addr, uint64_t len, unsigned flags);
uint64_t region_find_space(uint64_t len, uint64_t hint); /* 0: none           */
void region_unmap_all(void);             /* exec: everything below the window that a
                                          * region covers; the libOS's own image stays */
/* A page fault at addr; error is the CPU's code (SDM vol. 3, 4.7). True if it is
 * repaired and the instruction may be repeated. Runs masked, on the upcall stack or,
 * for addresses of the window, on the nested one. */
bool vm_fault(uint64_t addr, uint64_t error);

/* The first region that ends above addr (for /proc/self/maps); file carries no
 * reference. False: there is none. */
struct region_info { uint64_t start, end, offset; unsigned flags; struct file *file; };
bool region_next(uint64_t addr, struct region_info *);

/* ---- page tables ---------------------------------------------------------------
 * Maps n frames at addr in the current address space; prot VM_*. Makes the page
 * tables that are missing. These keep no references: the caller's business. */
int pages_map(uint64_t addr, const uint64_t *pfns, size_t n, unsigned prot);
int pages_unmap(uint64_t addr, size_t n);
int pages_protect(uint64_t addr, size_t n, unsigned prot);
uint64_t page_entry(uint64_t addr);      /* the leaf entry through the self-map; 0   */

/* ---- exec: a new level-4 slot 0 --------------------------------------------------
 * The old image builds the new one's first pages out of sight:
 *   space_begin, space_map (addr in slot 0; each frame brings a reference, which
 *   becomes the space's), then space_finish fills in the entry that the trampoline
 *   hands to exo_pte_update to put the new tables in the old ones' place; or
 *   space_abort. space_current is the frame of slot 0's level-3 table; the new
 *   image frees the old tables, and one reference of each frame in them, with
 *   space_free. Tables that the kernel made for the first process stay. */
int space_begin(void);
int space_map(uint64_t addr, const uint64_t *pfns, size_t n, unsigned prot);
int space_finish(struct exo_pte *entry);
void space_abort(void);
uint64_t space_current(void);
void space_free(uint64_t pfn);

/* ---- the system calls (Linux semantics, negative errno) ------------------------ */
long sys_mmap(void *, size_t, int prot, int flags, int fd, uint64_t offset);
long sys_munmap(void *, size_t);
long sys_mprotect(void *, size_t, int);
long sys_madvise(void *, size_t, int);
long sys_mremap(void *, size_t, size_t, int, void *);
long sys_brk(uint64_t);
long sys_msync(void *, size_t, int flags);
long sys_mincore(void *, size_t, unsigned char *);
long sys_mlock(void *, size_t);
long sys_mlock2(void *, size_t, int flags);
long sys_munlock(void *, size_t);
long sys_mlockall(int flags);
long sys_munlockall(void);
void vm_set_brk(uint64_t start);
#endif
