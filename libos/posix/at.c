/* SPDX-License-Identifier: MIT
 *
 * Path arguments.
 */
#include "posix/posix.h"

int at_begin(struct at *a, int dirfd, const char *user)
{
	long r = copy_string(a->name, user, sizeof a->name);
	struct file *f = NULL;

	if (r < 0)
		return (int)r;
	if (a->name[0] != '/' && dirfd != AT_FDCWD && !(f = fd_file(dirfd)))
		return -EBADF;
	vfs_lock();
	a->base = f ? f->path : a->name[0] == '/' ? files_self()->root : files_self()->cwd;
	path_ref(&a->base);
	if (f)
		file_put(f);
	vfs_unlock();
	return 0;
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

int at_find(int dirfd, const char *user, unsigned flags, struct path *out)
{
	struct at a;
	int r = at_begin(&a, dirfd, user);

	if (r < 0)
		return r;
	if (!a.name[0] && (flags & AT_EMPTY_PATH)) {
		*out = a.base;
		return 0;
	}
	vfs_lock();
	r = path_walk(&a.base, a.name, flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW, out);
	path_unref(&a.base);
	vfs_unlock();
	return r;
}
