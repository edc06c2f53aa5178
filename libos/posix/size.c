/* SPDX-License-Identifier: MIT
 *
 * Calls that change a file's size or its allocation, and those that would write
 * it to a disk: what is here lies in memory, and is where it belongs.
 */
#include "posix/posix.h"

static long set_size(struct inode *inode, int64_t size)
{
	if (size < 0)
		return -EINVAL;
	if (S_ISDIR(inode->attr->mode))
		return -EISDIR;
	if (!S_ISREG(inode->attr->mode) || !fs_of(inode)->resize)
		return -EINVAL;
	mutex_take(&inode->write);
	vfs_lock();
	inode_resize(inode, (uint64_t)size);
	vfs_unlock();
	mutex_drop(&inode->write);
	return 0;
}

long sys_truncate(const char *name, int64_t size)
{
	struct path p;
	long r = at_find(AT_FDCWD, name, 0, &p);

	if (r < 0)
		return r;
	r = set_size(p.dentry->inode, size);
	path_done(&p);
	return r;
}

long sys_ftruncate(int fd, int64_t size)
{
	struct file *f = fd_file(fd);
	long r = -EINVAL;

	if (!f)
		return -EBADF;
	if (f->kind == FILE_PATH)
		r = -EBADF;
	else if (f->kind == FILE_REGULAR && (file_access(f) & VM_WRITE))
		r = set_size(f->inode, size);
	file_unref(f);
	return r;
}

/* Gives frames to [offset, end), one under each lock. */
static int allocate(struct inode *inode, uint64_t offset, uint64_t end)
{
	uint64_t i;

	for (i = offset / EXO_PAGE_SIZE; i * EXO_PAGE_SIZE < end; i++) {
		void *frame;

		vfs_lock();
		frame = fs_of(inode)->frame(inode, i, true);
		vfs_unlock();
		if (!frame)
			return -ENOSPC;
		page_unref(frame);
	}
	return 0;
}

static void zero_part(struct inode *inode, uint64_t from, uint64_t to)
{
	void *frame = from < to ? fs_of(inode)->frame(inode, from / EXO_PAGE_SIZE, false) : NULL;

	if (frame) {
		memset((char *)frame + from % EXO_PAGE_SIZE, 0, to - from);
		page_unref(frame);
	}
}

/* Whole pages become a hole, what is left at either side zeros. */
static void punch(struct inode *inode, uint64_t offset, uint64_t end)
{
	uint64_t first = (offset + EXO_PAGE_SIZE - 1) / EXO_PAGE_SIZE, last = end / EXO_PAGE_SIZE;

	vfs_lock();
	if (offset / EXO_PAGE_SIZE == last) {
		zero_part(inode, offset, end);
	} else {
		zero_part(inode, offset, first * EXO_PAGE_SIZE);
		zero_part(inode, last * EXO_PAGE_SIZE, end);
		fs_of(inode)->punch(inode, first, last);
	}
	inode_touch(inode, TOUCH_M | TOUCH_C);
	vfs_unlock();
}

static long change(struct inode *inode, int mode, uint64_t offset, uint64_t end)
{
	int r = 0;

	mutex_take(&inode->write);
	if (mode & FALLOC_PUNCH_HOLE) {
		punch(inode, offset, end);
	} else {
		r = allocate(inode, offset, end);
		vfs_lock();
		if (r == 0 && !(mode & FALLOC_KEEP_SIZE) && end > inode->attr->size)
			inode_resize(inode, end);
		vfs_unlock();
	}
	mutex_drop(&inode->write);
	return r;
}

long sys_fallocate(int fd, int mode, int64_t offset, int64_t len)
{
	struct file *f;
	long r;

	f = fd_file(fd);
	if (!f)
		return -EBADF;
	r = offset < 0 || len <= 0 ? -EINVAL
	    : mode != 0 && mode != FALLOC_KEEP_SIZE && mode != (FALLOC_KEEP_SIZE | FALLOC_PUNCH_HOLE) ? -EOPNOTSUPP
	    : offset > INT64_MAX - len ? -EFBIG
	    : !(file_access(f) & VM_WRITE) ? -EBADF
	    : f->kind == FILE_DIR ? -EISDIR
	    : f->kind != FILE_REGULAR ? -ENODEV
	    : change(f->inode, mode, (uint64_t)offset, (uint64_t)(offset + len));
	file_unref(f);
	return r;
}

static long nothing_to_write(int fd)
{
	struct file *f = fd_file(fd);
	long r;

	if (!f)
		return -EBADF;
	r = f->kind == FILE_PATH ? -EBADF : f->kind == FILE_REGULAR || f->kind == FILE_DIR ? 0 : -EINVAL;
	file_unref(f);
	return r;
}

long sys_fsync(int fd)
{
	return nothing_to_write(fd);
}

long sys_fdatasync(int fd)
{
	return nothing_to_write(fd);
}

long sys_syncfs(int fd)
{
	return nothing_to_write(fd);
}

long sys_sync(void)
{
	return 0;
}

/* Advice about a cache that is the file itself. */
long sys_fadvise64(int fd, int64_t offset, int64_t len, int advice)
{
	struct file *f = fd_file(fd);

	(void)offset;
	if (!f)
		return -EBADF;
	file_unref(f);
	return len < 0 || advice < 0 || advice > 5 ? -EINVAL : 0;
}
