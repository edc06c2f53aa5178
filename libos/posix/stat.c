/* SPDX-License-Identifier: MIT
 *
 * Calls that tell what a file is.
 */
#include "posix/posix.h"

#define R_OK 4
#define W_OK 2
#define X_OK 1
#define STATX_RESERVED 0x80000000u

/* A copy of the attributes of what a path leads to, or of an open file. */
struct facts { struct attr attr; uint32_t dev; };

static void note(struct facts *f, const struct inode *inode)
{
	f->attr = *inode->attr;
	f->dev = inode->super->dev;
}

static int facts_at(int dirfd, const char *name, unsigned flags, struct facts *out)
{
	struct path p;
	int r = at_find_locked(dirfd, name, flags, &p);

	if (r < 0)
		return r;
	note(out, p.dentry->inode);
	path_unref(&p);
	vfs_unlock();
	return 0;
}

static int facts_fd(int fd, struct facts *out)
{
	struct file *f;

	vfs_lock();
	f = fd_peek(fd);
	if (f)
		note(out, f->inode);
	vfs_unlock();
	return f ? 0 : -EBADF;
}

static long put_stat(struct linux_stat *user, const struct facts *f)
{
	const struct attr *a = &f->attr;
	struct linux_stat s = {
		.dev = f->dev, .ino = a->ino, .nlink = a->nlink, .mode = a->mode, .uid = a->uid, .gid = a->gid,
		.rdev = a->rdev, .size = (int64_t)a->size, .blksize = EXO_PAGE_SIZE, .blocks = (int64_t)a->blocks,
		.atime = timespec_of(a->atime), .mtime = timespec_of(a->mtime), .ctime = timespec_of(a->ctime),
	};

	return copy_out(user, &s, sizeof s);
}

long sys_fstat(int fd, struct linux_stat *user)
{
	struct facts f;
	int r = facts_fd(fd, &f);

	return r < 0 ? r : put_stat(user, &f);
}

long sys_newfstatat(int dirfd, const char *name, struct linux_stat *user, int flags)
{
	struct facts f;
	int r;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
		return -EINVAL;
	r = facts_at(dirfd, name, (unsigned)flags, &f);
	return r < 0 ? r : put_stat(user, &f);
}

long sys_stat(const char *name, struct linux_stat *user)
{
	return sys_newfstatat(AT_FDCWD, name, user, 0);
}

long sys_lstat(const char *name, struct linux_stat *user)
{
	return sys_newfstatat(AT_FDCWD, name, user, AT_SYMLINK_NOFOLLOW);
}

static struct linux_statx_time statx_time(int64_t ns)
{
	struct linux_timespec t = timespec_of(ns);

	return (struct linux_statx_time){ t.sec, (uint32_t)t.nsec, 0 };
}

long sys_statx(int dirfd, const char *name, int flags, unsigned mask, struct linux_statx *user)
{
	struct linux_statx s = { .blksize = EXO_PAGE_SIZE };
	struct facts f;
	int r;

	/* how to synchronise (0x6000) is of no meaning here */
	if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | 0x6000)) || (mask & STATX_RESERVED))
		return -EINVAL;
	r = !name && (flags & AT_EMPTY_PATH) ? facts_fd(dirfd, &f) : facts_at(dirfd, name, (unsigned)flags, &f);
	if (r < 0)
		return r;
	s.mask = STATX_BASIC_STATS | STATX_BTIME;
	s.nlink = f.attr.nlink;
	s.uid = f.attr.uid;
	s.gid = f.attr.gid;
	s.mode = (uint16_t)f.attr.mode;
	s.ino = f.attr.ino;
	s.size = f.attr.size;
	s.blocks = f.attr.blocks;
	s.atime = statx_time(f.attr.atime);
	s.btime = statx_time(f.attr.btime);
	s.ctime = statx_time(f.attr.ctime);
	s.mtime = statx_time(f.attr.mtime);
	s.rdev_major = (uint32_t)(f.attr.rdev >> 8 & 0xfff);
	s.rdev_minor = (uint32_t)((f.attr.rdev & 0xff) | (f.attr.rdev >> 12 & 0xfff00));
	s.dev_minor = f.dev;
	return copy_out(user, &s, sizeof s);
}

/* Root may read and write everything, and run what anyone may run. */
long sys_faccessat2(int dirfd, const char *name, int mode, int flags)
{
	struct facts f;
	int r;

	if ((mode & ~(R_OK | W_OK | X_OK)) || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
		return -EINVAL;
	r = facts_at(dirfd, name, (unsigned)flags & (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH), &f);
	if (r < 0)
		return r;
	return (mode & X_OK) && !S_ISDIR(f.attr.mode) && !(f.attr.mode & 0111) ? -EACCES : 0;
}

long sys_faccessat(int dirfd, const char *name, int mode)
{
	return sys_faccessat2(dirfd, name, mode, 0);
}

long sys_access(const char *name, int mode)
{
	return sys_faccessat2(AT_FDCWD, name, mode, 0);
}

long sys_readlinkat(int dirfd, const char *name, char *user, int size)
{
	char text[PATH_MAX];
	struct path p;
	const char *s;
	size_t n = 0;
	char first;
	bool empty;
	int r;

	if (size <= 0)
		return -EINVAL;
	empty = copy_in(&first, name, 1) == 0 && !first;
	r = at_find(dirfd, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, &p);
	if (r < 0)
		return r;
	vfs_lock();
	if (S_ISLNK(p.dentry->inode->attr->mode)) {
		s = fs_of(p.dentry->inode)->target(p.dentry->inode);
		n = s ? strlen(s) : 0;
		r = s ? 0 : -ENOMEM;
		if (n > sizeof text)
			n = sizeof text;
		memcpy(text, s ? s : text, n);
	} else {
		r = empty ? -ENOENT : -EINVAL;
	}
	path_unref(&p);
	vfs_unlock();
	if (n > (size_t)size)
		n = (size_t)size;
	return r < 0 ? r : copy_out(user, text, n) < 0 ? -EFAULT : (long)n;
}

long sys_readlink(const char *name, char *user, int size)
{
	return sys_readlinkat(AT_FDCWD, name, user, size);
}

static long put_statfs(struct linux_statfs *user, struct inode *inode)
{
	struct linux_statfs s = { .bsize = EXO_PAGE_SIZE, .frsize = EXO_PAGE_SIZE, .namelen = NAME_MAX };
	struct super *super = inode->super;

	vfs_lock();
	s.type = fs_of(inode)->magic;
	s.fsid[0] = (int)super->dev;
	s.blocks = super->pages_max;
	s.bfree = s.bavail = super->pages_max > super->pages ? super->pages_max - super->pages : 0;
	if (super->fs == FS_TMPFS) {
		s.files = vfs_state()->tmpfs_nodes_max;
		s.ffree = s.files - vfs_state()->tmpfs_nodes;
	}
	vfs_unlock();
	return copy_out(user, &s, sizeof s);
}

long sys_statfs(const char *name, struct linux_statfs *user)
{
	struct path p;
	long r = at_find(AT_FDCWD, name, 0, &p);

	if (r < 0)
		return r;
	r = put_statfs(user, p.dentry->inode);
	path_done(&p);
	return r;
}

long sys_fstatfs(int fd, struct linux_statfs *user)
{
	struct file *f = fd_file(fd);
	long r;

	if (!f)
		return -EBADF;
	r = put_statfs(user, f->inode);
	file_unref(f);
	return r;
}
