/* SPDX-License-Identifier: MIT
 *
 * Operations on names: make, remove, link, rename.
 */
#include "vfs/vfs.h"

static bool is_dir(const struct path *p)
{
	return p->dentry->inode && S_ISDIR(p->dentry->inode->attr->mode);
}

/* The directory of a name that is to be made, and its negative dentry. A name
 * with a slash behind can only become a directory. */
static int find_free(const struct path *base, const char *s, bool dir, struct path *parent, struct path *at)
{
	struct last last;
	int r = path_parent(base, s, parent, &last);

	if (r < 0)
		return r;
	r = last_is_dots(last.name) ? -EEXIST : child_find(parent, last.name, at);
	if (r == 0) {
		r = at->dentry->inode ? -EEXIST : last.slash && !dir ? -ENOENT : 0;
		if (r < 0)
			path_unref(at);
	}
	if (r < 0)
		path_unref(parent);
	return r;
}

int vfs_create(const struct path *base, const char *s, uint32_t mode, uint64_t rdev, const char *target)
{
	struct path parent, at;
	int r;

	vfs_lock();
	r = find_free(base, s, S_ISDIR(mode), &parent, &at);
	if (r == 0) {
		r = child_make(&parent, at.dentry, mode, rdev, target);
		path_unref(&at);
		path_unref(&parent);
	}
	vfs_unlock();
	return r;
}

int vfs_link(const struct path *target, const struct path *base, const char *s)
{
	struct inode *inode = target->dentry->inode;
	struct path parent, at;
	int r;

	vfs_lock();
	r = find_free(base, s, false, &parent, &at);
	if (r == 0) {
		if (S_ISDIR(inode->attr->mode) || !fs_of(inode)->link)
			r = -EPERM;
		else if (parent.mount != target->mount)
			r = -EXDEV;
		else if (parent.dentry->inode->attr->nlink == 0 || (inode->attr->nlink == 0 && !inode->linkable))
			r = -ENOENT;
		else
			r = fs_of(inode)->link(parent.dentry->inode, dentry_name(at.dentry), inode);
		if (r == 0) {
			inode->linkable = false;
			inode_ref(inode);
			dentry_fill(at.dentry, inode);
		}
		path_unref(&at);
		path_unref(&parent);
	}
	vfs_unlock();
	return r;
}

static int check_unlink(const struct path *parent, const struct path *at, const struct last *last, bool dir)
{
	struct inode *inode = at->dentry->inode;

	if (!inode)
		return -ENOENT;
	if (at->mount != parent->mount || at->dentry->mounted)
		return -EBUSY;
	if (dir && !is_dir(at))
		return -ENOTDIR;
	if (!dir && is_dir(at))
		return -EISDIR;
	if (!dir && last->slash)
		return -ENOTDIR;
	if (!fs_of(inode)->unlink)
		return -EPERM;
	return dir && !fs_of(inode)->empty(inode) ? -ENOTEMPTY : 0;
}

static int check_last(const struct last *last, bool dir)
{
	if (!last_is_dots(last->name))
		return 0;
	if (!dir)
		return -EISDIR;
	return last->name.len == 0 ? -EBUSY : last->name.len == 1 ? -EINVAL : -ENOTEMPTY;
}

int vfs_unlink_locked(const struct path *base, const char *s, bool dir)
{
	struct path parent, at;
	struct last last;
	int r = path_parent(base, s, &parent, &last);

	if (r < 0)
		return r;
	r = check_last(&last, dir);
	if (r == 0)
		r = child_find(&parent, last.name, &at);
	if (r == 0) {
		r = check_unlink(&parent, &at, &last, dir);
		if (r == 0)
			r = fs_of(at.dentry->inode)->unlink(parent.dentry->inode, last.name, at.dentry->inode);
		if (r == 0)
			dentry_unlink(at.dentry);
		path_unref(&at);
	}
	path_unref(&parent);
	return r;
}

int vfs_unlink(const struct path *base, const char *s, bool dir)
{
	int r;

	vfs_lock();
	r = vfs_unlink_locked(base, s, dir);
	vfs_unlock();
	return r;
}

/* ---- rename -------------------------------------------------------------------- */

struct move {
	struct path from_dir, to_dir, from, to;
	struct last old, new;
};

static bool below(const struct dentry *d, const struct dentry *top)
{
	while (d != top && d->parent != d)
		d = d->parent;
	return d == top;
}

static int check_rename(const struct move *m, unsigned flags)
{
	struct inode *moved = m->from.dentry->inode, *victim = m->to.dentry->inode;

	if (!moved)
		return -ENOENT;
	if (!is_dir(&m->from) && (m->old.slash || (m->new.slash && !is_dir(&m->to))))
		return -ENOTDIR;
	if (victim && (flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (m->from.mount != m->from_dir.mount || m->to.mount != m->to_dir.mount ||
	    m->from.dentry->mounted || m->to.dentry->mounted)
		return -EBUSY;
	if (!fs_of(moved)->rename)
		return -EPERM;
	if (below(m->to_dir.dentry, m->from.dentry))
		return -EINVAL;
	if (victim && !(flags & RENAME_EXCHANGE) && below(m->from_dir.dentry, m->to.dentry))
		return -ENOTEMPTY;
	if (m->to_dir.dentry->inode->attr->nlink == 0)
		return -ENOENT;
	if (flags & RENAME_EXCHANGE)
		return !victim ? -ENOENT : below(m->from_dir.dentry, m->to.dentry) ? -EINVAL : 0;
	if (!victim || victim == moved)
		return 0;
	if (is_dir(&m->from) != is_dir(&m->to))
		return is_dir(&m->to) ? -EISDIR : -ENOTDIR;
	return is_dir(&m->to) && !fs_of(victim)->empty(victim) ? -ENOTEMPTY : 0;
}

/* A name that finds no memory leaves the cache, to be looked up afresh. */
static void move_dentry(struct dentry *d, const struct path *dir, struct name name)
{
	if (dentry_move(d, dir->dentry, name) < 0)
		dentry_remove(d);
}

static int exchange(struct move *m)
{
	struct inode *a = m->from.dentry->inode, *b = m->to.dentry->inode;

	fs_of(a)->exchange(m->from_dir.dentry->inode, m->old.name, a, m->to_dir.dentry->inode, m->new.name, b);
	move_dentry(m->from.dentry, &m->to_dir, m->new.name);
	move_dentry(m->to.dentry, &m->from_dir, m->old.name);
	return 0;
}

static int move(struct move *m, unsigned flags)
{
	struct inode *moved, *victim;
	int r = check_rename(m, flags);

	if (r < 0)
		return r;
	moved = m->from.dentry->inode;
	victim = m->to.dentry->inode;
	if (moved == victim)
		return 0; /* two names of one file: POSIX wants nothing to happen */
	if (flags & RENAME_EXCHANGE)
		return exchange(m);
	r = fs_of(moved)->rename(m->from_dir.dentry->inode, m->old.name, m->to_dir.dentry->inode, m->new.name,
	                         moved, victim);
	if (r < 0)
		return r;
	dentry_remove(m->to.dentry);
	move_dentry(m->from.dentry, &m->to_dir, m->new.name);
	return 0;
}

static int find_both(struct move *m, unsigned flags)
{
	int r;

	if (m->from_dir.mount != m->to_dir.mount)
		return -EXDEV;
	if (last_is_dots(m->old.name))
		return -EBUSY;
	if (last_is_dots(m->new.name))
		return flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	r = child_find(&m->from_dir, m->old.name, &m->from);
	if (r < 0)
		return r;
	r = child_find(&m->to_dir, m->new.name, &m->to);
	if (r == 0) {
		r = move(m, flags);
		path_unref(&m->to);
	}
	path_unref(&m->from);
	return r;
}

int vfs_rename(const struct path *from, const char *old, const struct path *to, const char *new, unsigned flags)
{
	struct move m;
	int r;

	if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) || flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	vfs_lock();
	r = path_parent(from, old, &m.from_dir, &m.old);
	if (r == 0) {
		r = path_parent(to, new, &m.to_dir, &m.new);
		if (r == 0) {
			r = find_both(&m, flags);
			path_unref(&m.to_dir);
		}
		path_unref(&m.from_dir);
	}
	vfs_unlock();
	return r;
}
