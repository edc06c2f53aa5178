/* SPDX-License-Identifier: MIT
 *
 * Frames of pages without any access. An entry that is not present can hold no
 * frame number, so mprotect(PROT_NONE) puts it here: a list of blocks, each for
 * the 2 MiB of one level-1 table.
 */
#include "vm/internal.h"

struct hidden {
	struct hidden *next;
	uint64_t chunk;
	uint32_t used;
	uint32_t pfn[512];
};
_Static_assert(sizeof(struct hidden) <= PAGE, "one page each");

static struct hidden **find(struct regions *rs, uint64_t addr)
{
	struct hidden **at = &rs->hidden;

	while (*at && (*at)->chunk != (addr & ~(CHUNK - 1)))
		at = &(*at)->next;
	return at;
}

int hidden_put(struct regions *rs, uint64_t addr, uint64_t pfn)
{
	struct hidden *h = *find(rs, addr);

	if (!h) {
		h = slab_zalloc(sizeof *h);
		if (!h)
			return -ENOMEM;
		h->chunk = addr & ~(CHUNK - 1);
		h->next = rs->hidden;
		rs->hidden = h;
	}
	h->used++;
	h->pfn[addr / PAGE & 511] = pfn;
	return 0;
}

uint64_t hidden_take(struct regions *rs, uint64_t addr)
{
	struct hidden **at = find(rs, addr), *h = *at;
	uint64_t pfn = h ? h->pfn[addr / PAGE & 511] : 0;

	if (!pfn)
		return 0;
	h->pfn[addr / PAGE & 511] = 0;
	if (!--h->used) {
		*at = h->next;
		slab_free(h);
	}
	return pfn;
}

void hidden_drop(struct regions *rs, uint64_t addr, uint64_t end)
{
	struct hidden *next;

	for (struct hidden *h = rs->hidden; h; h = next) {
		uint64_t from = max_u64(addr, h->chunk), to = min_u64(end, h->chunk + CHUNK);
		uint32_t left = h->used;

		next = h->next;
		for (; from < to && left; from += PAGE)
			if (h->pfn[from / PAGE & 511]) {
				left--;         /* the last one takes h with it */
				page_unref(page_at(hidden_take(rs, from)));
			}
	}
}
