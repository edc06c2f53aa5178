/* SPDX-License-Identifier: MIT
 *
 * Descriptors, and the life of open files.
 */
#include "vfs/vfs.h"

#define FD_FIRST 64 /* descriptors that a process begins with */

struct files *files_create(void)
{
	struct files *fs = slab_zalloc(sizeof *fs);

	if (!fs)
		return NULL;
	fs->fd = slab_zalloc(FD_FIRST * sizeof *fs->fd);
	if (!fs->fd) {
		slab_free(fs);
		return NULL;
	}
	fs->refs = 1;
	fs->capacity = FD_FIRST;
	fs->limit = FD_MAX;
	return fs;
}

void file_put(struct file *f)
{
	if (--f->refs)
		return;
	inode_unref(f->inode);
	path_unref(&f->path);
	if (f->text)
		slab_free(f->text);
	slab_free(f);
}

void file_ref(struct file *f)
{
	vfs_lock();
	f->refs++;
	vfs_unlock();
}

void file_unref(struct file *f)
{
	vfs_lock();
	file_put(f);
	vfs_unlock();
}

static struct file **slot(struct files *fs, int fd)
{
	return (unsigned)fd < fs->capacity && fs->fd[fd] ? &fs->fd[fd] : NULL;
}

struct file *fd_peek(int fd)
{
	struct file **s = slot(files_self(), fd);

	return s ? *s : NULL;
}

struct file *fd_file(int fd)
{
	struct file *f;

	vfs_lock();
	f = fd_peek(fd);
	if (f)
		f->refs++;
	vfs_unlock();
	return f;
}

struct file *file_of_fd(int fd)
{
	return fd_file(fd);
}

static int grow(struct files *fs, unsigned want)
{
	unsigned n = fs->capacity;
	struct file **fd;

	while (n < want)
		n *= 2;
	fd = slab_zalloc(n * sizeof *fd);
	if (!fd)
		return -ENOMEM;
	memcpy(fd, fs->fd, fs->capacity * sizeof *fd);
	slab_free(fs->fd);
	fs->fd = fd;
	fs->capacity = n;
	return 0;
}

static void set_cloexec(struct files *fs, int fd, bool on)
{
	uint64_t bit = 1ul << (fd % 64);

	if (on)
		fs->cloexec[fd / 64] |= bit;
	else
		fs->cloexec[fd / 64] &= ~bit;
}

static unsigned lowest_free(const struct files *fs, int from)
{
	unsigned fd = (unsigned)from < fs->lowest ? fs->lowest : (unsigned)from;

	while (fd < fs->capacity && fs->fd[fd])
		fd++;
	return fd;
}

bool fd_left_locked(void)
{
	const struct files *fs = files_self();

	return lowest_free(fs, 0) < fs->limit;
}

static int install(struct files *fs, struct file *f, int from, bool cloexec)
{
	unsigned fd = lowest_free(fs, from);

	if (fd >= fs->limit)
		return -EMFILE;
	if (fd >= fs->capacity && grow(fs, fd + 1) < 0)
		return -ENOMEM;
	fs->fd[fd] = f;
	set_cloexec(fs, (int)fd, cloexec);
	if ((unsigned)from <= fs->lowest)
		fs->lowest = fd + 1;
	return (int)fd;
}

int fd_install_locked(struct file *f, int from, bool cloexec)
{
	int fd = install(files_self(), f, from, cloexec);

	if (fd < 0)
		file_put(f);
	return fd;
}

int fd_install(struct file *f, int from, bool cloexec)
{
	int fd;

	vfs_lock();
	fd = fd_install_locked(f, from, cloexec);
	vfs_unlock();
	return fd;
}

int fd_replace(struct file *f, int fd, bool cloexec)
{
	struct files *fs = files_self();
	int r = fd;

	vfs_lock();
	if ((unsigned)fd >= fs->limit) {
		r = -EBADF;
	} else if ((unsigned)fd >= fs->capacity && grow(fs, (unsigned)fd + 1) < 0) {
		r = -ENOMEM;
	} else {
		struct file *old = fs->fd[fd];

		fs->fd[fd] = f;
		set_cloexec(fs, fd, cloexec);
		f = old;
	}
	if (f)
		file_put(f);
	vfs_unlock();
	return r;
}

int fd_close(int fd)
{
	struct files *fs = files_self();
	struct file **s;
	int r = -EBADF;

	vfs_lock();
	s = slot(fs, fd);
	if (s) {
		file_put(*s);
		*s = NULL;
		set_cloexec(fs, fd, false);
		if ((unsigned)fd < fs->lowest)
			fs->lowest = (unsigned)fd;
		r = 0;
	}
	vfs_unlock();
	return r;
}

int fd_cloexec(int fd, int set)
{
	struct files *fs = files_self();
	int r = -EBADF;

	vfs_lock();
	if (slot(fs, fd)) {
		if (set >= 0)
			set_cloexec(fs, fd, set);
		r = fs->cloexec[fd / 64] >> (fd % 64) & 1;
	}
	vfs_unlock();
	return r;
}

void files_set_exe(struct file *f)
{
	struct files *fs = files_self();

	vfs_lock();
	path_ref(&f->path);
	path_unref(&fs->exe);
	fs->exe = f->path;
	vfs_unlock();
}

void files_close_on_exec(void)
{
	struct files *fs = files_self();
	unsigned i;

	for (i = 0; i < FD_MAX / 64; i++)
		while (fs->cloexec[i])
			fd_close((int)(i * 64) + __builtin_ctzl(fs->cloexec[i]));
}
