/* SPDX-License-Identifier: MIT
 *
 * The dentry cache: names that were looked up, those that do not exist too. A
 * dentry holds its parent and its inode; one that nobody refers to waits on an
 * LRU list, and the oldest make room when there are DENTRY_MAX.
 */
#include "vfs/vfs.h"

static struct dentry **bucket(const struct dentry *parent, uint32_t hash)
{
	uint64_t key = ((uint64_t)parent >> 4 ^ hash) * 0x9e3779b97f4a7c15ul;

	return &vfs_state()->dentry_hash[key >> 32 & (HASH_SIZE - 1)];
}

static void unhash(struct dentry *d)
{
	struct dentry **p = bucket(d->parent, d->hash);

	if (!d->hashed)
		return;
	while (*p != d)
		p = &(*p)->hash_next;
	*p = d->hash_next;
	d->hashed = false;
}

static void hash_in(struct dentry *d)
{
	struct dentry **head = bucket(d->parent, d->hash);

	d->hash_next = *head;
	*head = d;
	d->hashed = true;
}

/* A loop, for the parent may be the next to go. */
static void destroy(struct dentry *d)
{
	for (;;) {
		struct dentry *parent = d->parent;

		unhash(d);
		if (d->inode)
			inode_unref(d->inode);
		if (d->name != d->inline_name)
			slab_free(d->name);
		slab_free(d);
		vfs_state()->dentry_count--;
		if (parent == d || --parent->refs)
			return;
		if (parent->hashed) {
			list_append(&vfs_state()->dentry_lru, &parent->lru);
			return;
		}
		d = parent;
	}
}

static void make_room(void)
{
	struct vfs_state *v = vfs_state();

	while (v->dentry_count >= DENTRY_MAX && v->dentry_lru.next != &v->dentry_lru) {
		struct dentry *d = (struct dentry *)v->dentry_lru.next; /* its first field */

		list_remove(&d->lru);
		destroy(d);
	}
}

void dentry_ref(struct dentry *d)
{
	if (d->refs++ == 0 && d->lru.next)
		list_remove(&d->lru);
}

void dentry_unref(struct dentry *d)
{
	if (--d->refs)
		return;
	if (d->hashed)
		list_append(&vfs_state()->dentry_lru, &d->lru);
	else
		destroy(d);
}

static int set_name(struct dentry *d, struct name name)
{
	char *s = d->inline_name;

	if (name.len >= DENTRY_INLINE && !(s = slab_alloc(name.len + 1)))
		return -ENOMEM;
	memcpy(s, name.s, name.len);
	s[name.len] = 0;
	d->name = s;
	d->len = name.len;
	d->hash = name.hash;
	return 0;
}

/* A new dentry without an inode, with one reference. */
static struct dentry *dentry_new(struct dentry *parent, struct name name)
{
	struct dentry *d;

	make_room();
	d = slab_zalloc(sizeof *d);
	if (!d)
		return NULL;
	if (set_name(d, name) < 0) {
		slab_free(d);
		return NULL;
	}
	d->refs = 1;
	d->parent = parent ? parent : d;
	if (parent)
		dentry_ref(parent);
	vfs_state()->dentry_count++;
	return d;
}

struct dentry *dentry_root(struct inode *inode)
{
	struct dentry *d = dentry_new(NULL, name_of("/"));

	if (d) {
		inode_ref(inode);
		d->inode = inode;
	}
	return d;
}

struct dentry *dentry_cached(const struct dentry *parent, struct name name)
{
	struct dentry *d;

	for (d = *bucket(parent, name.hash); d; d = d->hash_next)
		if (d->hash == name.hash && d->parent == parent && d->len == name.len &&
		    same_bytes(d->name, name.s, name.len))
			return d;
	return NULL;
}

int dentry_lookup(struct dentry *parent, struct name name, struct dentry **out)
{
	struct vfs_state *v = vfs_state();
	struct dentry *d = dentry_cached(parent, name);
	struct inode *inode = NULL;
	int r;

	if (d) {
		if (d->inode)
			v->dentry_hits++;
		else
			v->dentry_negative++;
		dentry_ref(d);
		*out = d;
		return 0;
	}
	v->dentry_misses++;
	r = fs_of(parent->inode)->lookup(parent->inode, name, &inode);
	if (r < 0 && r != -ENOENT)
		return r;
	d = dentry_new(parent, name);
	if (!d) {
		if (inode)
			inode_unref(inode);
		return -ENOMEM;
	}
	d->inode = inode;
	if (!fs_of(parent->inode)->uncached && !parent->removed)
		hash_in(d);
	*out = d;
	return 0;
}

void dentry_fill(struct dentry *d, struct inode *inode)
{
	d->inode = inode;
}

/* What is known to be missing in a removed directory would hold it: forget it. */
static void forget_children(struct dentry *d)
{
	struct list *at = vfs_state()->dentry_lru.next;

	while (d->refs > 1 && at != &vfs_state()->dentry_lru) {
		struct dentry *child = (struct dentry *)at;

		at = at->next;
		if (child->parent == d) {
			list_remove(&child->lru);
			destroy(child);
		}
	}
}

/* The name leaves the hash; those who use the dentry see a nameless object. */
void dentry_remove(struct dentry *d)
{
	if (d->refs > 1 && d->inode && S_ISDIR(d->inode->attr->mode))
		forget_children(d);
	unhash(d);
	d->removed = true;
}

/* After unlink: a dentry that only the caller uses stays, as a name that is known
 * to be missing. */
void dentry_unlink(struct dentry *d)
{
	struct inode *inode = d->inode;

	if (d->refs > 1 || !d->hashed) {
		dentry_remove(d);
		return;
	}
	d->inode = NULL;
	inode_unref(inode);
}

int dentry_move(struct dentry *d, struct dentry *parent, struct name name)
{
	char *old = d->name;
	struct dentry *old_parent = d->parent;

	unhash(d);
	if (set_name(d, name) < 0)
		return -ENOMEM; /* it keeps its name, and is no longer found by it */
	if (old != d->inline_name)
		slab_free(old);
	dentry_ref(parent);
	d->parent = parent;
	hash_in(d);
	dentry_unref(old_parent);
	return 0;
}

void dentry_shrink(struct super *super)
{
	struct vfs_state *v = vfs_state();
	struct list *at;

again:
	for (at = v->dentry_lru.next; at != &v->dentry_lru; at = at->next) {
		struct dentry *d = (struct dentry *)at;

		if (d->parent->inode->super == super) {
			list_remove(at);
			destroy(d); /* may have put its parent on the list */
			goto again;
		}
	}
}
