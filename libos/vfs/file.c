/* SPDX-License-Identifier: MIT
 *
 * Reading and writing open files, and the bytes of regular ones: they are copied
 * once, between their frames and the caller's buffer, with no lock held.
 */
#include "vfs/vfs.h"

#define BATCH 16 /* frames that are looked up under one lock */

const struct fs_ops *const fs_table[FS_COUNT] = { [FS_TMPFS] = &tmpfs_ops, [FS_PROCFS] = &procfs_ops };

const struct file_ops *const file_table[FILE_KINDS] = {
	[FILE_REGULAR] = &regular_ops, [FILE_DIR] = &dir_ops, [FILE_PATH] = &path_ops,
	[FILE_TEXT] = &text_ops, [FILE_TTY] = &tty_ops, [FILE_SERIAL] = &serial_ops,
	[FILE_NULL] = &null_ops, [FILE_ZERO] = &zero_ops, [FILE_FULL] = &full_ops,
	[FILE_RANDOM] = &random_ops, [FILE_KMSG] = &kmsg_ops,
};

void inode_touch(struct inode *inode, unsigned which)
{
	int64_t now = real_ns();

	if (which & TOUCH_A)
		inode->attr->atime = now;
	if (which & TOUCH_M)
		inode->attr->mtime = now;
	if (which & TOUCH_C)
		inode->attr->ctime = now;
}

/* The access time moves when it would otherwise be older than the last change (as
 * Linux's relatime, but for its once a day). */
static void accessed(struct inode *inode)
{
	if (inode->attr->atime <= inode->attr->mtime || inode->attr->atime <= inode->attr->ctime)
		inode_touch(inode, TOUCH_A);
}

void inode_resize(struct inode *inode, uint64_t size)
{
	fs_of(inode)->resize(inode, size);
	inode_touch(inode, TOUCH_M | TOUCH_C);
}

/* Frames for up to `n` bytes from offset; NULL for a hole. Returns the bytes. */
static size_t gather(struct inode *inode, uint64_t offset, size_t n, bool make, void **frame)
{
	uint64_t first = offset / EXO_PAGE_SIZE, room = (uint64_t)BATCH * EXO_PAGE_SIZE - offset % EXO_PAGE_SIZE;
	uint64_t size = inode->attr->size, i, count;

	if (!make && offset >= size)
		return 0;
	if (!make && n > size - offset)
		n = size - offset;
	if (n > room)
		n = room;
	count = (offset + n - 1) / EXO_PAGE_SIZE - first + 1;
	for (i = 0; i < count; i++) {
		frame[i] = fs_of(inode)->frame(inode, first + i, make);
		if (make && !frame[i])
			return i ? i * EXO_PAGE_SIZE - offset % EXO_PAGE_SIZE : 0;
	}
	return n;
}

/* Copies between the frames and the buffer and drops the frames. */
static int copy_frames(struct io *io, void **frame, uint64_t offset, size_t n, bool write)
{
	size_t in = offset % EXO_PAGE_SIZE;
	int r = 0;

	while (n) {
		size_t part = EXO_PAGE_SIZE - in < n ? EXO_PAGE_SIZE - in : n;

		if (r == 0 && !*frame)
			r = io_zero(io, part);
		else if (r == 0)
			r = write ? io_get(io, (char *)*frame + in, part) : io_put(io, (char *)*frame + in, part);
		if (*frame)
			page_unref(*frame);
		frame++;
		n -= part;
		in = 0;
	}
	return r;
}

static long regular_read(struct file *f, struct io *io, uint64_t *offset)
{
	size_t wanted = io->left;
	void *frame[BATCH];

	while (io->left) {
		size_t n, left = io->left;
		int r;

		vfs_lock();
		n = gather(f->inode, *offset, left, false, frame);
		accessed(f->inode);
		vfs_unlock();
		if (!n)
			break;
		r = copy_frames(io, frame, *offset, n, false);
		*offset += left - io->left;
		if (r < 0)
			return io->left < wanted ? (long)(wanted - io->left) : r;
	}
	return (long)(wanted - io->left);
}

static long write_some(struct inode *inode, struct io *io, uint64_t *offset)
{
	void *frame[BATCH];
	size_t n, left = io->left;
	int r;

	vfs_lock();
	if (*offset > inode->attr->size) /* what lies between must read as zeros */
		fs_of(inode)->resize(inode, inode->attr->size);
	n = gather(inode, *offset, left, true, frame);
	vfs_unlock();
	if (!n)
		return -ENOSPC;
	r = copy_frames(io, frame, *offset, n, true);
	*offset += left - io->left;
	vfs_lock();
	if (left != io->left && *offset > inode->attr->size)
		inode->attr->size = *offset;
	vfs_unlock();
	return r;
}

static long regular_write(struct file *f, struct io *io, uint64_t *offset)
{
	struct inode *inode = f->inode;
	size_t wanted = io->left;
	long r = 0;

	if (!wanted)
		return 0;
	mutex_take(&inode->write);
	if (f->flags & O_APPEND)
		*offset = inode->attr->size;
	if (*offset + wanted > INT64_MAX)
		r = -EFBIG;
	while (r == 0 && io->left)
		r = write_some(inode, io, offset);
	if (io->left < wanted) {
		vfs_lock();
		inode_touch(inode, TOUCH_M | TOUCH_C);
		vfs_unlock();
		r = (long)(wanted - io->left);
	}
	mutex_drop(&inode->write);
	return r;
}

const struct file_ops regular_ops = { .read = regular_read, .write = regular_write, .seekable = true };

static long dir_read(struct file *f, struct io *io, uint64_t *offset)
{
	(void)f, (void)io, (void)offset;
	return -EISDIR;
}

const struct file_ops dir_ops = { .read = dir_read, .seekable = true };
const struct file_ops path_ops = { .read = NULL };

/* ---- the short way: bytes of one page of a regular file --------------------------
 * One lock to find and hold all, one to give it back. */

struct hold { struct file *file; void *frame; uint64_t offset; size_t n; bool own; };

/* 1: held; 0: take the long way. */
static int hold_page(struct hold *h, int fd, size_t n, int64_t offset)
{
	struct file *f = fd_peek(fd);
	uint64_t size;

	h->own = offset < 0;
	if (!f || f->kind != FILE_REGULAR || (f->flags & O_ACCMODE) == O_WRONLY || (h->own && f->seek.held))
		return 0;
	h->offset = h->own ? f->offset : (uint64_t)offset;
	size = f->inode->attr->size;
	h->n = h->offset >= size ? 0 : n < size - h->offset ? n : size - h->offset;
	if (h->offset % EXO_PAGE_SIZE + h->n > EXO_PAGE_SIZE)
		return 0;
	h->frame = h->n ? fs_of(f->inode)->frame(f->inode, h->offset / EXO_PAGE_SIZE, false) : NULL;
	if (h->n && !h->frame)
		return 0;
	accessed(f->inode);
	h->file = f;
	f->refs++;
	f->seek.held |= h->own;
	return 1;
}

static void let_go(struct hold *h, size_t read)
{
	struct file *f = h->file;

	vfs_lock();
	if (h->own) {
		f->offset += read;
		f->seek.held = 0;
		if (f->seek.waiters.head)
			thread_wake(&f->seek.waiters, 1);
	}
	file_put(f);
	vfs_unlock();
	if (h->frame)
		page_unref(h->frame);
}

bool fd_read_page(int fd, void *buf, size_t n, int64_t offset, long *result)
{
	struct hold h;
	int held, r = 0;

	if (n > EXO_PAGE_SIZE || !user_range(buf, n))
		return false;
	vfs_lock();
	held = hold_page(&h, fd, n, offset);
	vfs_unlock();
	if (!held)
		return false;
	if (h.n)
		r = copy_out(buf, (char *)h.frame + h.offset % EXO_PAGE_SIZE, h.n);
	let_go(&h, r < 0 ? 0 : h.n);
	*result = r < 0 ? -EFAULT : (long)h.n;
	return true;
}

/* ---- any open file ----------------------------------------------------------- */

long file_read_at(struct file *f, struct io *io, uint64_t *offset)
{
	if (f->kind == FILE_PATH || (f->flags & O_ACCMODE) == O_WRONLY)
		return -EBADF;
	return file_table[f->kind]->read ? file_table[f->kind]->read(f, io, offset) : -EINVAL;
}

long file_write_at(struct file *f, struct io *io, uint64_t *offset)
{
	if (f->kind == FILE_PATH || (f->flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	return file_table[f->kind]->write ? file_table[f->kind]->write(f, io, offset) : -EINVAL;
}

long file_rw(struct file *f, void *buf, size_t n, bool write, int64_t offset)
{
	struct io io = { buf, n < RW_MAX ? n : RW_MAX, false };
	bool own = offset < 0 && file_table[f->kind]->seekable, alone = own || f->kind == FILE_TEXT;
	uint64_t at = own ? 0 : (uint64_t)offset;
	long r;

	if (!user_range(buf, n))
		return -EFAULT;
	if (alone)
		mutex_take(&f->seek);
	r = write ? file_write_at(f, &io, own ? &f->offset : &at) : file_read_at(f, &io, own ? &f->offset : &at);
	if (alone)
		mutex_drop(&f->seek);
	return r;
}

/* ---- for exec and page faults -------------------------------------------------- */

uint64_t file_size(struct file *f)
{
	return f->kind == FILE_REGULAR ? f->inode->attr->size : f->kind == FILE_ZERO ? INT64_MAX : 0;
}

void *file_frame(struct file *f, uint64_t index, bool make)
{
	void *frame = NULL;

	if (f->kind == FILE_ZERO)
		return page_alloc_zero(0);
	vfs_lock();
	if (f->kind == FILE_REGULAR && index < (f->inode->attr->size + EXO_PAGE_SIZE - 1) / EXO_PAGE_SIZE)
		frame = fs_of(f->inode)->frame(f->inode, index, make);
	vfs_unlock();
	return frame;
}

long file_read(struct file *f, void *buf, size_t n, uint64_t offset)
{
	struct io io = { buf, n, true };

	return file_read_at(f, &io, &offset);
}

bool file_mappable(struct file *f)
{
	return f->kind == FILE_REGULAR || f->kind == FILE_ZERO;
}

unsigned file_access(struct file *f)
{
	unsigned mode = f->flags & O_ACCMODE;

	if (f->kind == FILE_PATH)
		return 0;
	return mode == O_RDONLY ? VM_READ : mode == O_WRONLY ? VM_WRITE : VM_READ | VM_WRITE;
}
