/* SPDX-License-Identifier: MIT
 *
 * Calls that make, copy, describe and close descriptors.
 */
#include "posix/posix.h"

#define SETFL (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)
#define F_GETLK 5
#define F_SETLK 6
#define F_SETLKW 7
#define F_UNLCK 2
#define CLOSE_RANGE_CLOEXEC 4

long sys_openat(int dirfd, const char *name, int flags, unsigned mode)
{
	struct at a;
	struct file *f;
	int r;

	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	r = at_enter(&a, dirfd, name);
	if (r < 0)
		return r;
	r = fd_left_locked() ? file_open_locked(&a.base, a.name, (uint32_t)flags, mode, &f) : -EMFILE;
	if (r == 0)
		r = fd_install_locked(f, 0, flags & O_CLOEXEC);
	vfs_unlock();
	return r;
}

long sys_open(const char *name, int flags, unsigned mode)
{
	return sys_openat(AT_FDCWD, name, flags, mode);
}

long sys_creat(const char *name, unsigned mode)
{
	return sys_openat(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

long sys_close(int fd)
{
	return fd_close(fd);
}

long sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	unsigned fd;

	if (first > last || (flags & ~CLOSE_RANGE_CLOEXEC))
		return -EINVAL;
	for (fd = first; fd <= last && fd < FD_MAX; fd++) {
		if (flags & CLOSE_RANGE_CLOEXEC)
			fd_cloexec((int)fd, 1);
		else
			fd_close((int)fd);
	}
	return 0;
}

static long dup_from(int fd, int from, bool cloexec)
{
	struct file *f;

	if ((unsigned)from >= files_self()->limit)
		return -EINVAL;
	f = fd_file(fd);
	return f ? fd_install(f, from, cloexec) : -EBADF;
}

long sys_dup(int fd)
{
	return dup_from(fd, 0, false);
}

long sys_dup3(int fd, int to, int flags)
{
	struct file *f;

	if (fd == to || (flags & ~O_CLOEXEC))
		return -EINVAL;
	f = fd_file(fd);
	return f ? fd_replace(f, to, flags & O_CLOEXEC) : -EBADF;
}

long sys_dup2(int fd, int to)
{
	if (fd == to)
		return fd_cloexec(fd, -1) < 0 ? -EBADF : fd;
	return sys_dup3(fd, to, 0);
}

/* Record locks of one process never exclude each other, and there is one process. */
static long record_lock(struct file *f, int command, void *user)
{
	int16_t type;

	if (copy_in(&type, user, sizeof type) < 0)
		return -EFAULT;
	if (type < 0 || type > F_UNLCK)
		return -EINVAL;
	if (command == F_SETLK || command == F_SETLKW) {
		unsigned need = type == F_UNLCK ? 0 : type ? VM_WRITE : VM_READ;
		return (file_access(f) & need) == need ? 0 : -EBADF;
	}
	type = F_UNLCK;
	return copy_out(user, &type, sizeof type);
}

long sys_fcntl(int fd, int command, long arg)
{
	struct file *f;
	long r = -EINVAL;

	switch (command) {
	case F_DUPFD: case F_DUPFD_CLOEXEC:
		return dup_from(fd, (int)arg, command == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return fd_cloexec(fd, -1);
	case F_SETFD:
		r = fd_cloexec(fd, arg & FD_CLOEXEC);
		return r < 0 ? r : 0;
	}
	f = fd_file(fd);
	if (!f)
		return -EBADF;
	switch (command) {
	case F_GETFL:
		r = f->flags | (f->kind == FILE_PATH ? 0 : O_LARGEFILE);
		break;
	case F_SETFL:
		f->flags = (f->flags & ~SETFL) | ((uint32_t)arg & SETFL);
		r = f->kind == FILE_PATH ? -EBADF : 0;
		break;
	case F_GETLK: case F_SETLK: case F_SETLKW:
		r = record_lock(f, command, (void *)arg);
		break;
	}
	file_unref(f);
	return r;
}

static long set_nonblock(struct file *f, const void *user)
{
	int on;

	if (copy_in(&on, user, sizeof on) < 0)
		return -EFAULT;
	f->flags = on ? f->flags | O_NONBLOCK : f->flags & ~O_NONBLOCK;
	return 0;
}

static long bytes_left(struct file *f, void *user)
{
	uint64_t size = f->inode->attr->size;
	int left = f->offset < size ? (int)(size - f->offset) : 0;

	return copy_out(user, &left, sizeof left);
}

long sys_ioctl(int fd, unsigned request, void *arg)
{
	struct file *f = fd_file(fd);
	long r = -ENOTTY;

	if (!f)
		return -EBADF;
	if (f->kind == FILE_PATH)
		r = -EBADF;
	else if (request == FIOCLEX || request == FIONCLEX)
		r = fd_cloexec(fd, request == FIOCLEX) < 0 ? -EBADF : 0;
	else if (request == FIONBIO)
		r = set_nonblock(f, arg);
	else if (request == FIONREAD && f->kind == FILE_REGULAR)
		r = bytes_left(f, arg);
	else if (file_table[f->kind]->ioctl)
		r = file_table[f->kind]->ioctl(f, request, arg);
	file_unref(f);
	return r;
}
