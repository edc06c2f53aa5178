/* SPDX-License-Identifier: MIT
 *
 * The regions of a process: which addresses mean what. A sorted array of pointers,
 * searched by halving; the array and the regions lie in the window, so the image
 * that exec starts finds them. All of it runs under vm_lock.
 */
#include "vm/internal.h"

#define REGIONS_MAX 65530     /* as Linux's vm.max_map_count                    */
#define STACK_MAX   0x800000ul
#define STACK_GUARD 0x100000ul /* kept free below a stack that may still grow    */

struct regions *regions_get(void)
{
	struct proc *proc = proc_self();

	if (proc->regions)
		return proc->regions;
	struct regions *rs = slab_zalloc(sizeof *rs);
	if (!rs || !(rs->at = page_alloc(0))) {
		slab_free(rs);
		return NULL;
	}
	rs->capacity = PAGE / sizeof *rs->at;
	rs->base = rs->hole = EXO_MMAP_BASE;
	return proc->regions = rs;
}

uint32_t region_index(struct regions *rs, uint64_t addr)
{
	uint32_t low = 0, high = rs->count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (rs->at[middle]->end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct region *region_at(struct regions *rs, uint64_t addr)
{
	if (rs->last < rs->count) {
		struct region *r = rs->at[rs->last];

		if (addr - r->start < r->end - r->start)
			return r;
	}
	uint32_t i = region_index(rs, addr);
	if (i == rs->count || addr < rs->at[i]->start)
		return NULL;
	rs->last = i;
	return rs->at[i];
}

struct region *region_new(uint64_t addr, uint64_t len, unsigned flags, struct file *file,
                          uint64_t offset, uint64_t file_end)
{
	struct region *r = slab_alloc(sizeof *r);

	if (!r)
		return NULL;
	*r = (struct region){
		.start = addr, .end = addr + len, .flags = flags, .file = file,
		.offset = offset, .file_end = file_end,
	};
	if (file)
		file_ref(file);
	return r;
}

void region_delete(struct region *r)
{
	if (r->file)
		file_unref(r->file);
	slab_free(r);
}

/* Room for one more. */
static int reserve(struct regions *rs)
{
	if (rs->count < rs->capacity)
		return 0;
	if (rs->count >= REGIONS_MAX)
		return -ENOMEM;
	uint64_t bytes = rs->capacity * sizeof *rs->at;
	struct region **more = slab_alloc(2 * bytes);
	if (!more)
		return -ENOMEM;
	memcpy(more, rs->at, bytes);
	page_unref(rs->at);
	rs->at = more;
	rs->capacity *= 2;
	return 0;
}

static void insert_at(struct regions *rs, uint32_t i, struct region *r)
{
	for (uint32_t k = rs->count++; k > i; k--)
		rs->at[k] = rs->at[k - 1];
	rs->at[i] = r;
}

/* Takes n regions from index i out of the array. */
static void remove_at(struct regions *rs, uint32_t i, uint32_t n)
{
	rs->count -= n;
	for (; i < rs->count; i++)
		rs->at[i] = rs->at[i + n];
}

int region_split(struct regions *rs, uint64_t addr)
{
	uint32_t i = region_index(rs, addr);

	if (i == rs->count || addr <= rs->at[i]->start)
		return 0;
	if (reserve(rs))
		return -ENOMEM;
	struct region *r = rs->at[i];
	/* Of a stack, the lower part is the one that goes on growing. */
	struct region *upper = region_new(addr, r->end - addr, r->flags & ~VM_STACK, r->file,
	                                  r->offset + (addr - r->start), r->file_end);
	if (!upper)
		return -ENOMEM;
	r->end = addr;
	insert_at(rs, i + 1, upper);
	return 0;
}

/* Zero pages on both sides, alike: one region does. */
static bool alike(const struct region *a, const struct region *b)
{
	return a->end == b->start && a->flags == b->flags && !a->file && !b->file && !(a->flags & VM_STACK);
}

void regions_merge(struct regions *rs, uint64_t addr, uint64_t end)
{
	uint32_t i = region_index(rs, addr);

	for (i -= i > 0; i + 1 < rs->count && rs->at[i]->start < end;) {
		struct region *r = rs->at[i], *above = rs->at[i + 1];

		if (alike(r, above)) {
			r->end = above->end;
			region_delete(above);
			remove_at(rs, i + 1, 1);
		} else {
			i++;
		}
	}
}

int region_insert(struct regions *rs, struct region *r)
{
	uint64_t start = r->start, end = r->end;

	if (reserve(rs))
		return -ENOMEM;
	insert_at(rs, region_index(rs, start), r);
	regions_merge(rs, start, end);
	if (rs->hole >= start && rs->hole < end)
		rs->hole = end;
	return 0;
}

int region_remove(struct regions *rs, uint64_t addr, uint64_t end, bool pages)
{
	if (region_split(rs, addr) || region_split(rs, end))
		return -ENOMEM;
	uint32_t i = region_index(rs, addr), n = 0;
	for (; i + n < rs->count && rs->at[i + n]->start < end; n++) {
		struct region *r = rs->at[i + n];

		if (pages) {
			pages_zap(r->start, r->end, true);
			hidden_drop(rs, r->start, r->end);
		}
		region_delete(r);
	}
	remove_at(rs, i, n);
	if (n)
		rs->hole = max_u64(rs->base, min_u64(rs->hole, addr));
	return 0;
}

bool region_free_at(struct regions *rs, uint64_t addr, uint64_t len)
{
	uint32_t i = region_index(rs, addr);

	return i == rs->count || (addr + len <= rs->at[i]->start && len <= EXO_USER_END);
}

uint64_t region_space(struct regions *rs, uint64_t len, uint64_t hint)
{
	uint64_t at = rs->hole;

	if (hint && region_free_at(rs, hint, len))
		return hint;
	for (uint32_t i = region_index(rs, at); i < rs->count && rs->at[i]->start < at + len; i++)
		at = max_u64(at, rs->at[i]->end);
	return len && len <= EXO_MMAP_END && at <= EXO_MMAP_END - len ? at : 0;
}

/* A fault below a stack makes it larger, if it stays clear of what lies below. */
struct region *region_grow_stack(struct regions *rs, uint64_t addr)
{
	uint32_t i = region_index(rs, addr);
	struct region *r = i < rs->count ? rs->at[i] : NULL;

	if (!r || !(r->flags & VM_STACK) || r->end - addr > STACK_MAX)
		return NULL;
	if (i && addr < rs->at[i - 1]->end + STACK_GUARD)
		return NULL;
	r->start = addr;
	return r;
}

/* ---- for others ------------------------------------------------------------------- */

int region_map(uint64_t addr, uint64_t len, unsigned flags, struct file *file,
               uint64_t offset, uint64_t file_bytes)
{
	uint64_t file_end = offset + file_bytes < offset ? UINT64_MAX : offset + file_bytes;

	if ((addr | len | offset) & (PAGE - 1) || !len || addr + len < addr || addr + len > EXO_WINDOW)
		return -EINVAL;
	lock_take(&vm_lock);
	struct regions *rs = regions_get();
	struct region *r = rs ? region_new(addr, len, flags, file, offset, file_end) : NULL;
	int error = !r ? -ENOMEM : region_remove(rs, addr, addr + len, true);
	if (!error)
		error = region_insert(rs, r);
	if (error && r)
		region_delete(r);
	lock_drop(&vm_lock);
	return error;
}

int region_unmap(uint64_t addr, uint64_t len)
{
	if ((addr | len) & (PAGE - 1) || addr + len < addr)
		return -EINVAL;
	lock_take(&vm_lock);
	struct regions *rs = regions_get();
	int error = rs ? region_remove(rs, addr, addr + len, true) : -ENOMEM;
	lock_drop(&vm_lock);
	return error;
}

uint64_t region_find_space(uint64_t len, uint64_t hint)
{
	lock_take(&vm_lock);
	struct regions *rs = regions_get();
	uint64_t found = rs ? region_space(rs, len, hint) : 0;
	lock_drop(&vm_lock);
	return found;
}

void region_unmap_all(void)
{
	lock_take(&vm_lock);
	struct regions *rs = proc_self()->regions;
	if (rs) {
		region_remove(rs, 0, EXO_WINDOW, true);
		page_unref(rs->at);
		slab_free(rs);
		proc_self()->regions = NULL;
	}
	tables_trim();
	lock_drop(&vm_lock);
}

bool region_next(uint64_t addr, struct region_info *info)
{
	lock_take(&vm_lock);
	struct regions *rs = proc_self()->regions;
	uint32_t i = rs ? region_index(rs, addr) : 0;
	bool found = rs && i < rs->count;
	if (found) {
		const struct region *r = rs->at[i];
		*info = (struct region_info){ r->start, r->end, r->offset, r->flags, r->file };
	}
	lock_drop(&vm_lock);
	return found;
}
