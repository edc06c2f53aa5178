/* SPDX-License-Identifier: MIT
 *
 * Path arguments.
 */
#include "posix/posix.h"

/* Where a relative name begins; with the lock held, no reference. */
static int base_of(int dirfd, const char *name, struct path *base)
{
	struct file *f;

	if (name[0] == '/') {
		*base = files_self()->root;
	} else if (dirfd == AT_FDCWD) {
		*base = files_self()->cwd;
	} else {
		f = fd_peek(dirfd);
		if (!f)
			return -EBADF;
		*base = f->path;
	}
	return 0;
}

int at_enter(struct at *a, int dirfd, const char *user)
{
	long r = copy_string(a->name, user, sizeof a->name);

	if (r < 0)
		return (int)r;
	vfs_lock();
	r = base_of(dirfd, a->name, &a->base);
	if (r < 0)
		vfs_unlock();
	return (int)r;
}

int at_begin(struct at *a, int dirfd, const char *user)
{
	int r = at_enter(a, dirfd, user);

	if (r == 0) {
		path_ref(&a->base);
		vfs_unlock();
	}
	return r;
}

void at_end(struct at *a)
{
	path_done(&a->base);
}

void path_done(struct path *p)
{
	vfs_lock();
	path_unref(p);
	vfs_unlock();
}

int at_find_locked(int dirfd, const char *user, unsigned flags, struct path *out)
{
	struct at a;
	int r = at_enter(&a, dirfd, user);

	if (r < 0)
		return r;
	if (!a.name[0] && (flags & AT_EMPTY_PATH)) {
		*out = a.base;
		path_ref(out);
		return 0;
	}
	r = path_walk(&a.base, a.name, flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW, out);
	if (r < 0)
		vfs_unlock();
	return r;
}

int at_find(int dirfd, const char *user, unsigned flags, struct path *out)
{
	int r = at_find_locked(dirfd, user, flags, out);

	if (r == 0)
		vfs_unlock();
	return r;
}
