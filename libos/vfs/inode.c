/* SPDX-License-Identifier: MIT
 *
 * The inode cache. An inode that nobody refers to stays on an LRU list of
 * INODE_MAX, unless its last name is gone: then the file system frees it.
 */
#include "vfs/vfs.h"

static struct inode **bucket(struct super *super, uint64_t ino)
{
	uint64_t key = (ino ^ (uint64_t)super->dev << 32) * 0x9e3779b97f4a7c15ul;

	return &vfs_state()->inode_hash[key >> 32 & (HASH_SIZE - 1)];
}

static void unhash(struct inode *inode)
{
	struct inode **p = bucket(inode->super, inode->attr->ino);

	while (*p != inode)
		p = &(*p)->hash_next;
	*p = inode->hash_next;
}

static void drop(struct inode *inode)
{
	unhash(inode);
	vfs_state()->inode_count--;
	fs_of(inode)->evict(inode);
	slab_free(inode);
}

static void evict_oldest(void)
{
	struct vfs_state *v = vfs_state();
	struct inode *oldest = (struct inode *)v->inode_lru.next; /* lru is its first field */

	list_remove(&oldest->lru);
	v->inode_unused--;
	drop(oldest);
}

void inode_ref(struct inode *inode)
{
	if (inode->refs++ == 0 && inode->lru.next) {
		list_remove(&inode->lru);
		vfs_state()->inode_unused--;
	}
}

void inode_unref(struct inode *inode)
{
	struct vfs_state *v = vfs_state();

	if (--inode->refs)
		return;
	if (inode->attr->nlink == 0) {
		drop(inode);
		return;
	}
	list_append(&v->inode_lru, &inode->lru);
	if (++v->inode_unused > INODE_MAX)
		evict_oldest();
}

struct inode *inode_get(struct super *super, uint64_t ino, bool *fresh)
{
	struct vfs_state *v = vfs_state();
	struct inode **head = bucket(super, ino), *inode;

	*fresh = false;
	for (inode = *head; inode; inode = inode->hash_next)
		if (inode->attr->ino == ino && inode->super == super) {
			v->inode_hits++;
			inode_ref(inode);
			return inode;
		}
	v->inode_misses++;
	inode = slab_zalloc(sizeof *inode);
	if (!inode)
		return NULL;
	inode->super = super;
	inode->refs = 1;
	inode->attr = &inode->own;
	inode->own.ino = ino;
	inode->hash_next = *head;
	*head = inode;
	v->inode_count++;
	*fresh = true;
	return inode;
}

/* Before a file system goes: its unused inodes leave the cache. */
void inode_evict_all(struct super *super)
{
	struct vfs_state *v = vfs_state();
	struct list *at = v->inode_lru.next;

	while (at != &v->inode_lru) {
		struct inode *inode = (struct inode *)at;

		at = at->next;
		if (inode->super == super) {
			list_remove(&inode->lru);
			v->inode_unused--;
			drop(inode);
		}
	}
}
