/* SPDX-License-Identifier: MIT
 *
 * Calls that move bytes.
 */
#include "posix/posix.h"

#define COPY_SIZE 16384 /* buffer of sendfile */
#define OWN_OFFSET (-1)

static long rw(int fd, void *buf, size_t n, bool write)
{
	struct file *f;
	long r;

	if (!write && fd_read_page(fd, buf, n, OWN_OFFSET, &r))
		return r;
	f = fd_file(fd);
	if (!f)
		return -EBADF;
	do
		r = file_rw(f, buf, n, write, OWN_OFFSET);
	while (r == -EINTR && signals_restart());
	file_unref(f);
	return r;
}

long sys_read(int fd, void *buf, size_t n)
{
	return rw(fd, buf, n, false);
}

long sys_write(int fd, void *buf, size_t n)
{
	return rw(fd, buf, n, true);
}

static long rw_at(int fd, void *buf, size_t n, int64_t offset, bool write)
{
	struct file *f;
	long r;

	if (offset < 0)
		return -EINVAL;
	if (!write && fd_read_page(fd, buf, n, offset, &r))
		return r;
	f = fd_file(fd);
	if (!f)
		return -EBADF;
	r = file_table[f->kind]->seekable ? file_rw(f, buf, n, write, offset)
	    : f->kind == FILE_PATH ? -EBADF : -ESPIPE;
	file_unref(f);
	return r;
}

long sys_pread64(int fd, void *buf, size_t n, int64_t offset)
{
	return rw_at(fd, buf, n, offset, false);
}

long sys_pwrite64(int fd, void *buf, size_t n, int64_t offset)
{
	return rw_at(fd, buf, n, offset, true);
}

/* One vector after the other; stops at the first that is cut short. */
static long vectors(struct file *f, const struct linux_iovec *user, unsigned n, bool write, int64_t offset)
{
	struct linux_iovec v;
	long total = 0, r;
	unsigned i;

	for (i = 0; i < n; i++) {
		if (copy_in(&v, user + i, sizeof v) < 0)
			return -EFAULT;
		if ((int64_t)v.len < 0)
			return -EINVAL;
	}
	for (i = 0; i < n; i++) {
		if (copy_in(&v, user + i, sizeof v) < 0 || (int64_t)v.len < 0) /* changed meanwhile */
			return total ? total : -EFAULT;
		if (!v.len)
			continue;
		r = file_rw(f, v.base, v.len, write, offset < 0 ? OWN_OFFSET : offset + total);
		if (r < 0)
			return total ? total : r;
		total += r;
		if ((uint64_t)r < v.len)
			break;
	}
	return total;
}

static long rwv(int fd, const struct linux_iovec *iov, int n, int64_t offset, bool write)
{
	struct file *f;
	long r;

	if (n < 0 || n > IOV_MAX)
		return -EINVAL;
	f = fd_file(fd);
	if (!f)
		return -EBADF;
	do
		r = offset >= 0 && !file_table[f->kind]->seekable ? -ESPIPE : vectors(f, iov, (unsigned)n, write, offset);
	while (r == -EINTR && signals_restart());
	if (r == 0 && f->kind == FILE_PATH)
		r = -EBADF;
	file_unref(f);
	return r;
}

long sys_readv(int fd, const struct linux_iovec *iov, int n)
{
	return rwv(fd, iov, n, OWN_OFFSET, false);
}

long sys_writev(int fd, const struct linux_iovec *iov, int n)
{
	return rwv(fd, iov, n, OWN_OFFSET, true);
}

/* The offset comes in two halves, of which a 64-bit program uses the first. */
long sys_preadv(int fd, const struct linux_iovec *iov, int n, int64_t offset)
{
	return offset < 0 ? -EINVAL : rwv(fd, iov, n, offset, false);
}

long sys_pwritev(int fd, const struct linux_iovec *iov, int n, int64_t offset)
{
	return offset < 0 ? -EINVAL : rwv(fd, iov, n, offset, true);
}

long sys_preadv2(int fd, const struct linux_iovec *iov, int n, int64_t offset, long high, int flags)
{
	(void)high;
	return flags ? -EOPNOTSUPP : rwv(fd, iov, n, offset < 0 ? OWN_OFFSET : offset, false);
}

long sys_pwritev2(int fd, const struct linux_iovec *iov, int n, int64_t offset, long high, int flags)
{
	(void)high;
	return flags ? -EOPNOTSUPP : rwv(fd, iov, n, offset < 0 ? OWN_OFFSET : offset, true);
}

static long seek_to(struct file *f, int64_t offset, int whence)
{
	int64_t size = (int64_t)f->inode->attr->size, at;

	switch (whence) {
	case SEEK_SET:
		at = offset;
		break;
	case SEEK_CUR:
		at = (int64_t)f->offset + offset;
		break;
	case SEEK_END:
		at = size + offset;
		break;
	case SEEK_DATA: case SEEK_HOLE: /* without holes told: all is data */
		if (offset < 0 || offset >= size)
			return -ENXIO;
		at = whence == SEEK_DATA ? offset : size;
		break;
	default:
		return -EINVAL;
	}
	if (at < 0)
		return whence == SEEK_SET || offset < 0 ? -EINVAL : -EOVERFLOW;
	f->offset = (uint64_t)at;
	return at;
}

long sys_lseek(int fd, int64_t offset, int whence)
{
	struct file *f = fd_file(fd);
	long r = -ESPIPE;

	if (!f)
		return -EBADF;
	if (f->kind == FILE_PATH) {
		r = -EBADF;
	} else if (f->kind == FILE_NULL || f->kind == FILE_ZERO || f->kind == FILE_FULL) {
		r = 0;
	} else if (file_table[f->kind]->seekable) {
		mutex_take(&f->seek);
		r = seek_to(f, offset, whence);
		mutex_drop(&f->seek);
	}
	file_unref(f);
	return r;
}

/* ---- from file to file ----------------------------------------------------------- */

struct copy { struct file *from, *to; uint64_t *from_at, *to_at; };

static long copy(const struct copy *c, size_t n)
{
	size_t total = 0;
	char *buf = slab_alloc(COPY_SIZE);
	long r = buf ? 0 : -ENOMEM;

	while (r >= 0 && total < n) {
		struct io in = { buf, n - total < COPY_SIZE ? n - total : COPY_SIZE, true }, out = { buf, 0, true };
		uint64_t from = *c->from_at;

		r = file_read_at(c->from, &in, &from);
		if (r <= 0)
			break;
		out.left = (size_t)r;
		r = file_write_at(c->to, &out, c->to_at);
		if (r < 0)
			break;
		*c->from_at += (uint64_t)r;
		total += (size_t)r;
		if (out.left)
			break;
	}
	if (buf)
		slab_free(buf);
	return total ? (long)total : r;
}

static bool may_copy(struct file *from, struct file *to)
{
	return from && to && (file_access(from) & VM_READ) && (file_access(to) & VM_WRITE);
}

/* An offset that the program gave, or the file's own. */
static int take_offset(struct file *f, const int64_t *user, uint64_t *own)
{
	int64_t v;

	if (!user) {
		mutex_take(&f->seek);
		*own = f->offset;
		mutex_drop(&f->seek);
		return 0;
	}
	if (copy_in(&v, user, sizeof v) < 0)
		return -EFAULT;
	*own = (uint64_t)v;
	return v < 0 ? -EINVAL : 0;
}

static int give_offset(struct file *f, int64_t *user, uint64_t at)
{
	if (user)
		return copy_out(user, &at, sizeof at);
	f->offset = at;
	return 0;
}

static long copy_between(struct file *from, int64_t *from_user, struct file *to, int64_t *to_user, size_t n)
{
	uint64_t in, out;
	struct copy c = { from, to, &in, &out };
	long r = take_offset(from, from_user, &in);

	if (r == 0)
		r = take_offset(to, to_user, &out);
	if (r == 0)
		r = copy(&c, n < RW_MAX ? n : RW_MAX);
	if (r > 0 && (give_offset(from, from_user, in) < 0 || give_offset(to, to_user, out) < 0))
		r = -EFAULT;
	return r;
}

long sys_sendfile(int to_fd, int from_fd, int64_t *offset, size_t n)
{
	struct file *to = fd_file(to_fd), *from = fd_file(from_fd);
	long r = -EBADF;

	if (may_copy(from, to)) {
		r = -EINVAL; /* as on Linux: the source must be seekable */
		if ((from->kind == FILE_REGULAR || from->kind == FILE_TEXT) && !(to->flags & O_APPEND))
			r = copy_between(from, offset, to, NULL, n);
	}
	if (to)
		file_unref(to);
	if (from)
		file_unref(from);
	return r;
}

long sys_copy_file_range(int from_fd, int64_t *from_at, int to_fd, int64_t *to_at, size_t n, unsigned flags)
{
	struct file *to = fd_file(to_fd), *from = fd_file(from_fd);
	long r = -EBADF;

	if (may_copy(from, to) && !(to->flags & O_APPEND)) {
		r = -EINVAL;
		if (from->kind == FILE_DIR || to->kind == FILE_DIR)
			r = -EISDIR;
		else if (!flags && from->kind == FILE_REGULAR && to->kind == FILE_REGULAR && from->inode != to->inode)
			r = copy_between(from, from_at, to, to_at, n);
	}
	if (to)
		file_unref(to);
	if (from)
		file_unref(from);
	return r;
}
