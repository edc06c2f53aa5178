/* SPDX-License-Identifier: MIT
 *
 * tmpfs: directories, links and special files in memory. All of it runs with
 * vfs_state()->lock held.
 */
#include "fs/tmpfs.h"

#define FIRST_COOKIE 2 /* 0 and 1 are "." and ".." */

static struct tent *find(struct tdir *dir, struct name name)
{
	struct tent *e;

	if (!dir->buckets)
		return NULL;
	for (e = dir->bucket[name.hash & (dir->buckets - 1)]; e; e = e->hash_next)
		if (e->hash == name.hash && e->len == name.len && same_bytes(e->name, name.s, name.len))
			return e;
	return NULL;
}

/* More buckets, always a power of two; when there is no memory for them, longer chains do. */
static void grow(struct tdir *dir)
{
	uint32_t n = dir->buckets ? dir->buckets * 4 : 8;
	struct tent **bucket, *e;

	if (dir->count < dir->buckets || !(bucket = slab_zalloc(n * sizeof *bucket)))
		return;
	for (e = dir->first; e; e = e->next) {
		e->hash_next = bucket[e->hash & (n - 1)];
		bucket[e->hash & (n - 1)] = e;
	}
	if (dir->bucket)
		slab_free(dir->bucket);
	dir->bucket = bucket;
	dir->buckets = n;
}

static int insert(struct tdir *dir, struct name name, struct tnode *node)
{
	struct tent *e = slab_alloc(sizeof *e + name.len), **head;

	grow(dir);
	if (!e || !dir->buckets) {
		if (e)
			slab_free(e);
		return -ENOSPC;
	}
	memcpy(e->name, name.s, name.len);
	e->len = name.len;
	e->hash = name.hash;
	e->node = node;
	e->cookie = dir->next_cookie++;
	head = &dir->bucket[e->hash & (dir->buckets - 1)];
	e->hash_next = *head;
	*head = e;
	e->next = NULL;
	e->prev = dir->last;
	if (dir->last)
		dir->last->next = e;
	else
		dir->first = e;
	dir->last = e;
	dir->count++;
	return 0;
}

static void erase(struct tdir *dir, struct tent *e)
{
	struct tent **p = &dir->bucket[e->hash & (dir->buckets - 1)];

	while (*p != e)
		p = &(*p)->hash_next;
	*p = e->hash_next;
	if (e->prev)
		e->prev->next = e->next;
	else
		dir->first = e->next;
	if (e->next)
		e->next->prev = e->prev;
	else
		dir->last = e->prev;
	if (dir->cursor == e)
		dir->cursor = e->next;
	dir->count--;
	slab_free(e);
}

static void changed(struct attr *dir)
{
	dir->mtime = dir->ctime = real_ns();
}

static void node_free(struct super *super, struct tnode *node)
{
	switch (node->attr.mode & S_IFMT) {
	case S_IFREG:
		tmpfs_account(super, -(int64_t)tmpfs_drop(&node->data, 0, ~0ul));
		break;
	case S_IFDIR:
		if (node->dir.bucket)
			slab_free(node->dir.bucket);
		break;
	case S_IFLNK:
		slab_free(node->target);
		break;
	}
	vfs_state()->tmpfs_nodes--;
	slab_free(node);
}

static struct tnode *node_new(struct super *super, uint32_t mode, uint64_t rdev, const char *target)
{
	struct vfs_state *v = vfs_state();
	struct tnode *node = v->tmpfs_nodes < v->tmpfs_nodes_max ? slab_zalloc(sizeof *node) : NULL;

	if (!node)
		return NULL;
	node->attr = (struct attr){ .ino = ++super->next_ino, .mode = mode, .rdev = rdev, .nlink = 1 };
	node->attr.btime = node->attr.atime = node->attr.mtime = node->attr.ctime = real_ns();
	if (S_ISDIR(mode)) {
		node->attr.nlink = 2;
		node->dir.next_cookie = FIRST_COOKIE;
	} else if (S_ISLNK(mode)) {
		node->attr.size = strlen(target);
		node->target = slab_alloc(node->attr.size + 1);
		if (!node->target) {
			slab_free(node);
			return NULL;
		}
		memcpy(node->target, target, node->attr.size + 1);
	}
	v->tmpfs_nodes++;
	return node;
}

static struct inode *inode_of(struct super *super, struct tnode *node)
{
	bool fresh;
	struct inode *inode = inode_get(super, node->attr.ino, &fresh);

	if (inode && fresh) {
		inode->node = node;
		inode->attr = &node->attr;
	}
	return inode;
}

static int tmpfs_lookup(struct inode *dir, struct name name, struct inode **out)
{
	struct tent *e = find(&dir->node->dir, name);

	if (!e)
		return -ENOENT;
	*out = inode_of(dir->super, e->node);
	return *out ? 0 : -ENOMEM;
}

static int tmpfs_create(struct inode *dir, struct name name, uint32_t mode, uint64_t rdev,
                        const char *target, struct inode **out)
{
	struct tnode *node = node_new(dir->super, mode, rdev, target);
	int r;

	if (!node)
		return -ENOSPC;
	*out = inode_of(dir->super, node);
	if (!*out) {
		node_free(dir->super, node);
		return -ENOMEM;
	}
	if (!name.len) {
		node->attr.nlink = 0;
		return 0;
	}
	r = insert(&dir->node->dir, name, node);
	if (r < 0) {
		node->attr.nlink = 0; /* the last reference frees it */
		inode_unref(*out);
		return r;
	}
	if (S_ISDIR(mode)) {
		node->dir.parent = dir->node;
		dir->attr->nlink++;
	}
	changed(dir->attr);
	return 0;
}

static int tmpfs_link(struct inode *dir, struct name name, struct inode *inode)
{
	int r = insert(&dir->node->dir, name, inode->node);

	if (r < 0)
		return r;
	inode->attr->nlink++;
	inode->attr->ctime = real_ns();
	changed(dir->attr);
	return 0;
}

/* The entry is gone: one link less; a directory loses its own and its "..". */
static void unlinked(struct inode *dir, struct inode *inode)
{
	if (S_ISDIR(inode->attr->mode)) {
		inode->attr->nlink = 0;
		dir->attr->nlink--;
	} else {
		inode->attr->nlink--;
	}
	inode->attr->ctime = real_ns();
	changed(dir->attr);
}

static int tmpfs_unlink(struct inode *dir, struct name name, struct inode *inode)
{
	erase(&dir->node->dir, find(&dir->node->dir, name));
	unlinked(dir, inode);
	return 0;
}

/* A directory goes from one parent to the other. */
static void reparent(struct inode *inode, struct inode *from, struct inode *to)
{
	if (!S_ISDIR(inode->attr->mode))
		return;
	inode->node->dir.parent = to->node;
	from->attr->nlink--;
	to->attr->nlink++;
}

static int tmpfs_rename(struct inode *from, struct name old, struct inode *to, struct name new,
                        struct inode *moved, struct inode *victim)
{
	struct tent *e;
	int r = 0;

	if (victim) {
		find(&to->node->dir, new)->node = moved->node;
		unlinked(to, victim);
	} else {
		r = insert(&to->node->dir, new, moved->node);
	}
	if (r < 0)
		return r;
	e = find(&from->node->dir, old);
	erase(&from->node->dir, e);
	reparent(moved, from, to);
	moved->attr->ctime = real_ns();
	changed(from->attr);
	changed(to->attr);
	return 0;
}

static void tmpfs_exchange(struct inode *dir, struct name name, struct inode *inode, struct inode *other_dir,
                           struct name other_name, struct inode *other)
{
	find(&dir->node->dir, name)->node = other->node;
	find(&other_dir->node->dir, other_name)->node = inode->node;
	reparent(inode, dir, other_dir);
	reparent(other, other_dir, dir);
	inode->attr->ctime = other->attr->ctime = real_ns();
	changed(dir->attr);
	changed(other_dir->attr);
}

static void fill_entry(struct dir_entry *out, const struct tnode *node, const char *name, uint32_t len, uint64_t next)
{
	out->ino = node->attr.ino;
	out->type = (node->attr.mode & S_IFMT) >> 12;
	out->next = next;
	out->len = len;
	memcpy(out->name, name, len);
	out->name[len] = 0;
}

static int tmpfs_next(struct inode *inode, uint64_t pos, struct dir_entry *out)
{
	struct tdir *dir = &inode->node->dir;
	struct tent *e = dir->cursor && dir->cursor->cookie <= pos ? dir->cursor : dir->first;

	if (pos < FIRST_COOKIE) {
		fill_entry(out, pos && dir->parent ? dir->parent : inode->node, "..", (uint32_t)pos + 1, pos + 1);
		return 1;
	}
	while (e && e->cookie < pos)
		e = e->next;
	dir->cursor = e;
	if (!e)
		return 0;
	fill_entry(out, e->node, e->name, e->len, e->cookie + 1);
	return 1;
}

static bool tmpfs_empty(struct inode *inode)
{
	return inode->node->dir.count == 0;
}

static const char *tmpfs_target(struct inode *inode)
{
	return inode->node->target;
}

static void tmpfs_evict(struct inode *inode)
{
	if (inode->attr->nlink == 0)
		node_free(inode->super, inode->node);
}

const struct fs_ops tmpfs_ops = {
	.lookup = tmpfs_lookup, .create = tmpfs_create, .link = tmpfs_link,
	.unlink = tmpfs_unlink, .rename = tmpfs_rename, .exchange = tmpfs_exchange, .next = tmpfs_next,
	.empty = tmpfs_empty, .target = tmpfs_target, .frame = tmpfs_frame,
	.resize = tmpfs_resize, .punch = tmpfs_punch, .evict = tmpfs_evict,
	.magic = TMPFS_MAGIC,
};

/* bytes 0: as Linux does, half of the memory. */
int tmpfs_mount(struct super *super, uint64_t bytes)
{
	struct pool_stats pool;

	pool_stats(&pool);
	vfs_state()->tmpfs_pages_max = pool.total / 4 * 3;
	vfs_state()->tmpfs_nodes_max = pool.total / 2;
	super->pages_max = bytes ? (bytes + EXO_PAGE_SIZE - 1) / EXO_PAGE_SIZE : pool.total / 2;
	super->tree = node_new(super, S_IFDIR | (strcmp(super->type, "devtmpfs") ? 01777 : 0755), 0, NULL);
	if (!super->tree)
		return -ENOMEM;
	super->root = inode_of(super, super->tree);
	if (super->root)
		return 0;
	node_free(super, super->tree);
	return -ENOMEM;
}

/* All nodes, leaves first; no inode refers to them any more. */
void tmpfs_free(struct super *super)
{
	struct tnode *at = super->tree;

	while (at) {
		struct tent *e = at->dir.first;
		struct tnode *node = e ? e->node : at;

		if (e && S_ISDIR(node->attr.mode) && node->dir.first) {
			at = node;
			continue;
		}
		if (!e) {
			at = at->dir.parent;
			if (!at)
				break;
			continue;
		}
		erase(&at->dir, e);
		if (S_ISDIR(node->attr.mode) || --node->attr.nlink == 0)
			node_free(super, node);
	}
	node_free(super, super->tree);
}
