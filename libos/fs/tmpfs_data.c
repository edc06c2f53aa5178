/* SPDX-License-Identifier: MIT
 *
 * tmpfs: the bytes of its files. They are frames of the pool; a hole has none.
 * Behind the end of a file its last frame holds zeros.
 */
#include "fs/tmpfs.h"

#define FANOUT 512

/* Where the pointer to frame `index` is kept; NULL: not there, or no memory. */
void **tmpfs_slot(struct tdata *data, uint64_t index, bool make)
{
	void **slot = &data->root;
	unsigned level;

	while (data->height < 7 && index >> (9 * data->height)) {
		void **top;

		if (!make)
			return NULL;
		if (data->root) {
			top = page_alloc_zero(0);
			if (!top)
				return NULL;
			top[0] = data->root;
			data->root = top;
		}
		data->height++;
	}
	for (level = data->height; level > 0; level--) {
		if (!*slot && (!make || !(*slot = page_alloc_zero(0))))
			return NULL;
		slot = (void **)*slot + (index >> (9 * (level - 1)) & (FANOUT - 1));
	}
	return slot;
}

/* The subtree at *slot holds the frames from base on. */
static uint64_t drop(void **slot, unsigned level, uint64_t base, uint64_t first, uint64_t end)
{
	uint64_t span = 1ul << (9 * level), freed = 0, part = span / FANOUT, i;
	bool used = false;

	if (!*slot || base >= end || base + span <= first)
		return 0;
	if (level == 0) {
		page_unref(*slot);
		*slot = NULL;
		return 1;
	}
	for (i = 0; i < FANOUT; i++) {
		void **child = (void **)*slot + i;

		freed += drop(child, level - 1, base + i * part, first, end);
		used |= *child != NULL;
	}
	if (!used) {
		page_unref(*slot);
		*slot = NULL;
	}
	return freed;
}

uint64_t tmpfs_drop(struct tdata *data, uint64_t first, uint64_t end)
{
	uint64_t freed = drop(&data->root, data->height, 0, first, end);

	if (!data->root)
		data->height = 0;
	return freed;
}

void *tmpfs_frame(struct inode *inode, uint64_t index, bool make)
{
	void **slot = tmpfs_slot(&inode->node->data, index, make);

	if (!slot)
		return NULL;
	if (!*slot) {
		if (!make || tmpfs_full(inode->super))
			return NULL;
		*slot = page_alloc_zero(0);
		if (!*slot)
			return NULL;
		tmpfs_account(inode->super, 1);
		inode->attr->blocks += EXO_PAGE_SIZE / 512;
	}
	page_ref(*slot);
	return *slot;
}

void tmpfs_punch(struct inode *inode, uint64_t first, uint64_t end)
{
	uint64_t freed = tmpfs_drop(&inode->node->data, first, end);

	tmpfs_account(inode->super, -(int64_t)freed);
	inode->attr->blocks -= freed * (EXO_PAGE_SIZE / 512);
}

/* Whichever end is the earlier, from there on its frame is zeroed: a mapping may
 * have written behind the end. */
void tmpfs_resize(struct inode *inode, uint64_t size)
{
	struct attr *attr = inode->attr;
	uint64_t end = size < attr->size ? size : attr->size, part = end % EXO_PAGE_SIZE;

	if (size < attr->size)
		tmpfs_punch(inode, (size + EXO_PAGE_SIZE - 1) / EXO_PAGE_SIZE, ~0ul);
	if (part) {
		void **slot = tmpfs_slot(&inode->node->data, end / EXO_PAGE_SIZE, false);

		if (slot && *slot)
			memset((char *)*slot + part, 0, EXO_PAGE_SIZE - part);
	}
	attr->size = size;
}

/* The file's bytes are the frames from pfn on, as they lie there. The caller has
 * given each frame the reference that the file then holds. */
int tmpfs_adopt(struct inode *inode, uint64_t pfn, uint64_t bytes)
{
	uint64_t pages = (bytes + EXO_PAGE_SIZE - 1) / EXO_PAGE_SIZE, i;

	for (i = 0; i < pages; i++) {
		void **slot = tmpfs_slot(&inode->node->data, i, true);

		if (!slot)
			return -ENOSPC;
		*slot = page_at(pfn + i);
		tmpfs_account(inode->super, 1);
		inode->attr->blocks += EXO_PAGE_SIZE / 512;
	}
	inode->attr->size = bytes;
	return 0;
}
