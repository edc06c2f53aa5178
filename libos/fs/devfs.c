/* SPDX-License-Identifier: MIT
 *
 * /dev: a tmpfs with nodes in it, and what stands behind a node's number.
 */
#include "drivers/serial.h"
#include "fs/random.h"

#define DEVICE(major, minor) ((uint64_t)(major) << 8 | (minor))
#define LOG_CHUNK 200

static const struct device {
	const char *name;
	uint64_t number;
	uint32_t mode;
	enum file_kind kind;
	uint32_t unit;
} devices[] = {
	{ "null", DEVICE(1, 3), 0666, FILE_NULL, 0 },
	{ "zero", DEVICE(1, 5), 0666, FILE_ZERO, 0 },
	{ "full", DEVICE(1, 7), 0666, FILE_FULL, 0 },
	{ "random", DEVICE(1, 8), 0666, FILE_RANDOM, 0 },
	{ "urandom", DEVICE(1, 9), 0666, FILE_RANDOM, 0 },
	{ "kmsg", DEVICE(1, 11), 0600, FILE_KMSG, 0 },
	{ "tty", DEVICE(5, 0), 0666, FILE_TTY, 0 },
	{ "console", DEVICE(5, 1), 0600, FILE_TTY, 0 },
	{ "ttyS0", DEVICE(4, 64), 0600, FILE_TTY, 0 },
	{ "ttyS1", DEVICE(4, 65), 0600, FILE_SERIAL, 1 }, /* standard output and error */
	{ "ttyS2", DEVICE(4, 66), 0600, FILE_SERIAL, 2 }, /* of a command run: as they are */
};
#define DEVICES (sizeof devices / sizeof *devices)

static const struct { const char *name, *target; } links[] = {
	{ "fd", "/proc/self/fd" }, { "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
};

static int make(struct path *dir, const char *name, uint32_t mode, uint64_t number, const char *target)
{
	struct path at;
	int r = child_find(dir, name_of(name), &at);

	if (r == 0) {
		r = child_make(dir, at.dentry, mode, number, target);
		path_unref(&at);
	}
	return r;
}

int devfs_populate(const struct path *root)
{
	struct path dir = *root;
	unsigned i;
	int r = make(&dir, "shm", S_IFDIR | 01777, 0, NULL);

	for (i = 0; r == 0 && i < DEVICES; i++)
		r = make(&dir, devices[i].name, S_IFCHR | devices[i].mode, devices[i].number, NULL);
	for (i = 0; r == 0 && i < sizeof links / sizeof *links; i++)
		r = make(&dir, links[i].name, S_IFLNK | 0777, 0, links[i].target);
	return r;
}

int device_open(struct inode *inode, struct file *f)
{
	unsigned i;

	for (i = 0; i < DEVICES; i++)
		if (devices[i].number == inode->attr->rdev) {
			f->kind = devices[i].kind;
			f->minor = devices[i].unit;
			return f->kind == FILE_SERIAL && !serial_present(f->minor) ? -ENXIO : 0;
		}
	return -ENXIO;
}

/* ---- the simple ones ------------------------------------------------------------ */

static long swallow(struct file *f, struct io *io, uint64_t *offset)
{
	size_t n = io->left;

	(void)f, (void)offset;
	io->base += n;
	io->left = 0;
	return (long)n;
}

static long null_read(struct file *f, struct io *io, uint64_t *offset)
{
	(void)f, (void)io, (void)offset;
	return 0;
}

static long zero_read(struct file *f, struct io *io, uint64_t *offset)
{
	size_t n = io->left;
	int r = io_zero(io, n);

	(void)f, (void)offset;
	return io->left < n ? (long)(n - io->left) : r;
}

static long full_write(struct file *f, struct io *io, uint64_t *offset)
{
	(void)f, (void)offset;
	return io->left ? -ENOSPC : 0;
}

static long random_read(struct file *f, struct io *io, uint64_t *offset)
{
	size_t n = io->left;
	int r = random_put(io, n);

	(void)f, (void)offset;
	return io->left < n ? (long)(n - io->left) : r;
}

static long serial_file_write(struct file *f, struct io *io, uint64_t *offset)
{
	size_t total = 0;
	char buf[256];

	(void)offset;
	while (io->left) {
		size_t n = io->left < sizeof buf ? io->left : sizeof buf;

		if (io_get(io, buf, n) < 0)
			return total ? (long)total : -EFAULT;
		serial_write(f->minor, buf, n);
		total += n;
	}
	return (long)total;
}

/* What is written to kmsg goes to the log, a line for each write. */
static long kmsg_write(struct file *f, struct io *io, uint64_t *offset)
{
	char buf[LOG_CHUNK + 1];
	size_t n = io->left < LOG_CHUNK ? io->left : LOG_CHUNK, all = io->left;

	(void)f, (void)offset;
	if (io_get(io, buf, n) < 0)
		return -EFAULT;
	while (n && (buf[n - 1] == '\n' || !buf[n - 1]))
		n--;
	buf[n] = 0;
	log_printf("%s\n", buf);
	return (long)all;
}

/* The kernel's boot log. */
static long kmsg_read(struct file *f, struct io *io, uint64_t *offset)
{
	size_t n = 0;

	(void)f;
	while (n < sizeof info()->log && info()->log[n])
		n++;
	if (*offset >= n)
		return 0;
	n -= *offset;
	if (n > io->left)
		n = io->left;
	if (io_put(io, info()->log + *offset, n) < 0)
		return -EFAULT;
	*offset += n;
	return (long)n;
}

const struct file_ops null_ops = { .read = null_read, .write = swallow, .seekable = true };
const struct file_ops zero_ops = { .read = zero_read, .write = swallow, .seekable = true };
const struct file_ops full_ops = { .read = zero_read, .write = full_write, .seekable = true };
const struct file_ops random_ops = { .read = random_read, .write = swallow, .seekable = true };
const struct file_ops serial_ops = { .read = null_read, .write = serial_file_write };
const struct file_ops kmsg_ops = { .read = kmsg_read, .write = kmsg_write, .seekable = true };
