/* SPDX-License-Identifier: MIT
 *
 * Calls on directories and names.
 */
#include "posix/posix.h"

#define DIRENTS 1024 /* bytes of records made under one lock */

/* Fills buf with records from *pos on; returns the bytes, 0 at the end, or -EINVAL
 * if not even one has room. */
static long fill(struct inode *dir, char *buf, size_t size, uint64_t *pos)
{
	const struct fs_ops *fs = fs_of(dir);
	struct dir_entry e;
	size_t used = 0;

	vfs_lock();
	while (dir->attr->nlink && fs->next(dir, *pos, &e) > 0) {
		struct linux_dirent64 *d = (struct linux_dirent64 *)(buf + used);
		/* 19 bytes of the structure stand before the name */
		size_t len = (offsetof(struct linux_dirent64, name) + e.len + 1 + 7) / 8 * 8;

		if (used + len > size) {
			vfs_unlock();
			return used ? (long)used : -EINVAL;
		}
		memset(d, 0, len);
		d->ino = e.ino;
		d->off = (int64_t)e.next;
		d->reclen = (uint16_t)len;
		d->type = e.type;
		memcpy(d->name, e.name, e.len);
		used += len;
		*pos = e.next;
	}
	vfs_unlock();
	return (long)used;
}

static long read_dir(struct file *f, char *user, size_t n)
{
	char buf[DIRENTS] __attribute__((aligned(8)));
	size_t total = 0;
	long r = 0;

	while (total < n) {
		uint64_t pos = f->offset;

		r = fill(f->inode, buf, n - total < DIRENTS ? n - total : DIRENTS, &pos);
		if (r <= 0)
			break;
		if (copy_out(user + total, buf, (size_t)r) < 0) {
			r = -EFAULT;
			break;
		}
		total += (size_t)r;
		f->offset = pos;
	}
	return total ? (long)total : r;
}

long sys_getdents64(int fd, char *user, size_t n)
{
	struct file *f = fd_file(fd);
	long r = -ENOTDIR;

	if (!f)
		return -EBADF;
	if (f->kind == FILE_PATH) {
		r = -EBADF;
	} else if (f->kind == FILE_DIR) {
		mutex_take(&f->seek);
		r = f->inode->attr->nlink ? read_dir(f, user, n) : -ENOENT;
		mutex_drop(&f->seek);
		vfs_lock();
		inode_touch(f->inode, TOUCH_A);
		vfs_unlock();
	}
	file_unref(f);
	return r;
}

long sys_getcwd(char *user, size_t n)
{
	char buf[PATH_MAX], *s;
	size_t len;

	vfs_lock();
	s = path_text(&files_self()->cwd, buf, sizeof buf);
	vfs_unlock();
	if (!s)
		return -ENOENT;
	len = strlen(s) + 1;
	if (len > n)
		return -ERANGE;
	return copy_out(user, s, len) < 0 ? -EFAULT : (long)len;
}

/* Puts a directory, whose reference it takes, in the place of *where. */
static long set_dir(struct path *where, struct path to)
{
	struct path old;

	if (!S_ISDIR(to.dentry->inode->attr->mode)) {
		path_done(&to);
		return -ENOTDIR;
	}
	vfs_lock();
	old = *where;
	*where = to;
	path_unref(&old);
	vfs_unlock();
	return 0;
}

long sys_chdir(const char *name)
{
	struct path p;
	int r = at_find(AT_FDCWD, name, 0, &p);

	return r < 0 ? r : set_dir(&files_self()->cwd, p);
}

long sys_chroot(const char *name)
{
	struct path p;
	int r = at_find(AT_FDCWD, name, 0, &p);

	return r < 0 ? r : set_dir(&files_self()->root, p);
}

long sys_fchdir(int fd)
{
	struct file *f = fd_file(fd);
	struct path p;

	if (!f)
		return -EBADF;
	vfs_lock();
	p = f->path;
	path_ref(&p);
	file_put(f);
	vfs_unlock();
	return set_dir(&files_self()->cwd, p);
}

static long create(int dirfd, const char *name, uint32_t mode, uint64_t rdev, const char *target)
{
	struct at a;
	int r = at_begin(&a, dirfd, name);

	if (r < 0)
		return r;
	r = vfs_create(&a.base, a.name, mode, rdev, target);
	at_end(&a);
	return r;
}

long sys_mkdirat(int dirfd, const char *name, unsigned mode)
{
	return create(dirfd, name, S_IFDIR | (mode & 01777 & ~proc_self()->umask), 0, NULL);
}

long sys_mkdir(const char *name, unsigned mode)
{
	return sys_mkdirat(AT_FDCWD, name, mode);
}

long sys_mknodat(int dirfd, const char *name, unsigned mode, unsigned dev)
{
	unsigned type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;

	if (type == S_IFDIR)
		return -EPERM;
	if (type != S_IFREG && type != S_IFCHR && type != S_IFBLK && type != S_IFIFO && type != S_IFSOCK)
		return -EINVAL;
	return create(dirfd, name, type | (mode & 07777 & ~proc_self()->umask),
	              type == S_IFCHR || type == S_IFBLK ? dev : 0, NULL);
}

long sys_mknod(const char *name, unsigned mode, unsigned dev)
{
	return sys_mknodat(AT_FDCWD, name, mode, dev);
}

long sys_symlinkat(const char *user_target, int dirfd, const char *name)
{
	char target[PATH_MAX];
	long r = copy_string(target, user_target, sizeof target);

	if (r < 0)
		return r;
	return r == 0 ? -ENOENT : create(dirfd, name, S_IFLNK | 0777, 0, target);
}

long sys_symlink(const char *target, const char *name)
{
	return sys_symlinkat(target, AT_FDCWD, name);
}

static long unlink_at(int dirfd, const char *name, bool dir)
{
	struct at a;
	int r = at_enter(&a, dirfd, name);

	if (r < 0)
		return r;
	r = vfs_unlink_locked(&a.base, a.name, dir);
	vfs_unlock();
	return r;
}

long sys_unlinkat(int dirfd, const char *name, int flags)
{
	return flags & ~AT_REMOVEDIR ? -EINVAL : unlink_at(dirfd, name, flags & AT_REMOVEDIR);
}

long sys_unlink(const char *name)
{
	return unlink_at(AT_FDCWD, name, false);
}

long sys_rmdir(const char *name)
{
	return unlink_at(AT_FDCWD, name, true);
}

long sys_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	struct path target;
	struct at a;
	int r;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	r = at_find(from_fd, from, (flags & AT_EMPTY_PATH) | (flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW), &target);
	if (r < 0)
		return r;
	r = at_begin(&a, to_fd, to);
	if (r == 0) {
		r = vfs_link(&target, &a.base, a.name);
		at_end(&a);
	}
	path_done(&target);
	return r;
}

long sys_link(const char *from, const char *to)
{
	return sys_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

long sys_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	struct at a, b;
	int r = at_begin(&a, from_fd, from);

	if (r < 0)
		return r;
	r = at_begin(&b, to_fd, to);
	if (r == 0) {
		r = vfs_rename(&a.base, a.name, &b.base, b.name, flags);
		at_end(&b);
	}
	at_end(&a);
	return r;
}

long sys_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return sys_renameat2(from_fd, from, to_fd, to, 0);
}

long sys_rename(const char *from, const char *to)
{
	return sys_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}
