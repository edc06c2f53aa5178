/* SPDX-License-Identifier: MIT
 *
 * Calls that change a file's attributes.
 */
#include "posix/posix.h"

#define SECOND 1000000000ll

/* What a change wants: fields that stay are marked so. */
struct change {
	bool mode, time[2];
	uint32_t new_mode, uid, gid;   /* uid, gid: all ones stay                  */
	int64_t new_time[2];           /* access, modification                      */
};
#define KEEP 0xffffffffu

static void apply(struct inode *inode, const struct change *c)
{
	struct attr *a = inode->attr;

	vfs_lock();
	if (c->mode)
		a->mode = (a->mode & S_IFMT) | (c->new_mode & 07777);
	if (c->uid != KEEP)
		a->uid = c->uid;
	if (c->gid != KEEP)
		a->gid = c->gid;
	if (c->time[0])
		a->atime = c->new_time[0];
	if (c->time[1])
		a->mtime = c->new_time[1];
	inode_touch(inode, TOUCH_C);
	vfs_unlock();
}

static long change_at(int dirfd, const char *name, unsigned flags, const struct change *c)
{
	struct path p;
	int r = at_find(dirfd, name, flags, &p);

	if (r < 0)
		return r;
	if (c->mode && S_ISLNK(p.dentry->inode->attr->mode))
		r = -EOPNOTSUPP;
	else
		apply(p.dentry->inode, c);
	path_done(&p);
	return r;
}

static long change_fd(int fd, const struct change *c)
{
	struct file *f = fd_file(fd);
	long r = 0;

	if (!f)
		return -EBADF;
	if (f->kind == FILE_PATH)
		r = -EBADF;
	else
		apply(f->inode, c);
	file_unref(f);
	return r;
}

static struct change to_mode(unsigned mode)
{
	return (struct change){ .mode = true, .new_mode = mode, .uid = KEEP, .gid = KEEP };
}

long sys_fchmodat2(int dirfd, const char *name, unsigned mode, int flags)
{
	struct change c = to_mode(mode);

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return change_at(dirfd, name, (unsigned)flags, &c);
}

long sys_fchmodat(int dirfd, const char *name, unsigned mode)
{
	return sys_fchmodat2(dirfd, name, mode, 0);
}

long sys_chmod(const char *name, unsigned mode)
{
	return sys_fchmodat2(AT_FDCWD, name, mode, 0);
}

long sys_fchmod(int fd, unsigned mode)
{
	struct change c = to_mode(mode);

	return change_fd(fd, &c);
}

long sys_fchownat(int dirfd, const char *name, unsigned uid, unsigned gid, int flags)
{
	struct change c = { .uid = uid, .gid = gid };

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return change_at(dirfd, name, (unsigned)flags, &c);
}

long sys_chown(const char *name, unsigned uid, unsigned gid)
{
	return sys_fchownat(AT_FDCWD, name, uid, gid, 0);
}

long sys_lchown(const char *name, unsigned uid, unsigned gid)
{
	return sys_fchownat(AT_FDCWD, name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(int fd, unsigned uid, unsigned gid)
{
	struct change c = { .uid = uid, .gid = gid };

	return change_fd(fd, &c);
}

/* ---- times ------------------------------------------------------------------------ */

static struct change to_now(void)
{
	int64_t now = real_ns();

	return (struct change){ .time = { true, true }, .new_time = { now, now }, .uid = KEEP, .gid = KEEP };
}

static long set_times(int dirfd, const char *name, unsigned flags, const struct change *c)
{
	return name || dirfd == AT_FDCWD ? change_at(dirfd, name, flags, c) : change_fd(dirfd, c);
}

long sys_utimensat(int dirfd, const char *name, const struct linux_timespec *user, int flags)
{
	struct change c = to_now();
	struct linux_timespec t[2];
	unsigned i;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (user && copy_in(t, user, sizeof t) < 0)
		return -EFAULT;
	for (i = 0; user && i < 2; i++) {
		if (t[i].nsec == UTIME_NOW)
			continue;
		if (t[i].nsec != UTIME_OMIT && (t[i].nsec < 0 || t[i].nsec >= SECOND))
			return -EINVAL;
		c.time[i] = t[i].nsec != UTIME_OMIT;
		if (c.time[i])
			c.new_time[i] = (int64_t)((uint64_t)t[i].sec * SECOND + (uint64_t)t[i].nsec);
	}
	if (!c.time[0] && !c.time[1])
		return 0;
	return set_times(dirfd, name, (unsigned)flags, &c);
}

long sys_futimesat(int dirfd, const char *name, const struct linux_timeval *user)
{
	struct change c = to_now();
	struct linux_timeval t[2];
	unsigned i;

	if (user && copy_in(t, user, sizeof t) < 0)
		return -EFAULT;
	for (i = 0; user && i < 2; i++) {
		if (t[i].usec < 0 || t[i].usec >= 1000000)
			return -EINVAL;
		c.new_time[i] = (int64_t)((uint64_t)t[i].sec * SECOND + (uint64_t)t[i].usec * 1000);
	}
	return set_times(dirfd, name, 0, &c);
}

long sys_utimes(const char *name, const struct linux_timeval *user)
{
	return sys_futimesat(AT_FDCWD, name, user);
}

long sys_utime(const char *name, const int64_t *user)
{
	struct change c = to_now();
	int64_t t[2];

	if (user && copy_in(t, user, sizeof t) < 0)
		return -EFAULT;
	if (user) {
		c.new_time[0] = t[0] * SECOND;
		c.new_time[1] = t[1] * SECOND;
	}
	return change_at(AT_FDCWD, name, 0, &c);
}
