/* SPDX-License-Identifier: MIT
 *
 * Mounts: which tree lies on which directory.
 */
#include "vfs/vfs.h"

static struct mount *mount_on(const struct path *p)
{
	struct mount *m;

	for (m = p->dentry->mounted ? vfs_state()->mounts : NULL; m; m = m->next)
		if (m->at.dentry == p->dentry && m->at.mount == p->mount)
			return m;
	return NULL;
}

void mount_top(struct path *p)
{
	struct mount *m;

	while ((m = mount_on(p)))
		*p = (struct path){ m, m->root };
}

bool mount_cross(struct path *p)
{
	struct path to = *p;

	mount_top(&to);
	if (to.mount == p->mount)
		return false;
	path_ref(&to);
	path_unref(p);
	*p = to;
	return true;
}

static void set_string(char *to, size_t size, const char *from)
{
	size_t n = strlen(from);

	if (n >= size)
		n = size - 1;
	memcpy(to, from, n);
	to[n] = 0;
}

/* A name that is removed, or of those that come and go by themselves (procfs), is
 * not found again: what lay on it could not be reached. */
static bool can_be_covered(const struct path *at)
{
	return at->dentry->hashed || at->dentry == at->mount->root;
}

/* Puts a mount of the tree under `root`, which it references, on `at`. */
static int attach(const struct path *at, struct super *super, struct dentry *root, const char *source)
{
	struct mount *m, **end = &vfs_state()->mounts;

	if (at && !can_be_covered(at))
		return -EINVAL;
	m = slab_zalloc(sizeof *m);
	if (!m)
		return -ENOMEM;
	m->super = super;
	m->root = root;
	dentry_ref(root);
	set_string(m->source, sizeof m->source, source);
	if (at) {
		m->at = *at;
		path_ref(at);
		at->dentry->mounted++;
	}
	while (*end)
		end = &(*end)->next;
	*end = m;
	return 0;
}

static void super_free(struct super *super)
{
	dentry_shrink(super);
	inode_evict_all(super);
	inode_unref(super->root);
	inode_evict_all(super);
	if (super->fs == FS_TMPFS)
		tmpfs_free(super);
	slab_free(super);
}

static int super_fill(struct super *super, const char *type, uint64_t bytes)
{
	if (!strcmp(type, "proc")) {
		super->fs = FS_PROCFS;
		return procfs_mount(super);
	}
	super->fs = FS_TMPFS;
	return tmpfs_mount(super, bytes);
}

/* at NULL: the root of all. */
int mount_add(const struct path *at, const char *type, const char *source, uint64_t bytes)
{
	struct super *super;
	struct dentry *root;
	struct path top;
	int r;

	if (strcmp(type, "tmpfs") && strcmp(type, "proc") && strcmp(type, "devtmpfs") && strcmp(type, "ramfs"))
		return -ENODEV;
	super = slab_zalloc(sizeof *super);
	if (!super)
		return -ENOMEM;
	super->dev = ++vfs_state()->next_dev;
	set_string(super->type, sizeof super->type, type);
	r = super_fill(super, type, bytes);
	if (r < 0) {
		slab_free(super);
		return r;
	}
	root = dentry_root(super->root);
	r = root ? attach(at, super, root, source) : -ENOMEM;
	if (root)
		dentry_unref(root);
	if (r < 0) {
		super_free(super);
		return r;
	}
	if (strcmp(type, "devtmpfs"))
		return 0;
	for (top.mount = vfs_state()->mounts; top.mount->next; top.mount = top.mount->next)
		;
	top.dentry = root;
	return devfs_populate(&top);
}

int mount_bind(const struct path *at, const struct path *source)
{
	if (S_ISDIR(at->dentry->inode->attr->mode) != S_ISDIR(source->dentry->inode->attr->mode))
		return -ENOTDIR;
	return attach(at, source->mount->super, source->dentry, source->mount->source);
}

static void detach(struct mount *m)
{
	struct mount **p = &vfs_state()->mounts, *other;
	struct super *super = m->super;

	while (*p != m)
		p = &(*p)->next;
	*p = m->next;
	m->at.dentry->mounted--;
	path_unref(&m->at);
	dentry_unref(m->root);
	slab_free(m);
	for (other = vfs_state()->mounts; other; other = other->next)
		if (other->super == super)
			return;
	super_free(super);
}

/* `at` is the root of the mount, with the one reference that its caller holds.
 * A lazy removal of a mount that is in use is refused too: what is open in it
 * would have no mount to lie in. */
int mount_remove(const struct path *at)
{
	struct mount *m = at->mount, *other;

	if (at->dentry != m->root)
		return -EINVAL;
	if (m->refs > 1 || !m->at.dentry)
		return -EBUSY;
	for (other = vfs_state()->mounts; other; other = other->next)
		if (other->at.mount == m)
			return -EBUSY;
	path_unref(at);
	detach(m);
	return 0;
}
