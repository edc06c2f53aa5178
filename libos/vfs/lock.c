/* SPDX-License-Identifier: MIT
 *
 * The locks, lists and the clock of the file system.
 */
#include "vfs/vfs.h"

void vfs_lock(void)
{
	lock_take(&vfs_state()->lock);
}

void vfs_unlock(void)
{
	lock_drop(&vfs_state()->lock);
}

void mutex_take(struct mutex *m)
{
	vfs_lock();
	while (m->held)
		thread_block(&m->waiters, &vfs_state()->lock, 0);
	m->held = 1;
	vfs_unlock();
}

void mutex_drop(struct mutex *m)
{
	vfs_lock();
	m->held = 0;
	if (m->waiters.head)
		thread_wake(&m->waiters, 1);
	vfs_unlock();
}

void list_init(struct list *l)
{
	l->next = l->prev = l;
}

void list_append(struct list *l, struct list *item)
{
	item->prev = l->prev;
	item->next = l;
	l->prev->next = item;
	l->prev = item;
}

void list_remove(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	item->next = item->prev = NULL;
}

int64_t real_ns(void)
{
	return (int64_t)time_ns() + time_real_offset();
}

/* FNV-1a: path walk makes it as it looks for the end of a component. */
struct name name_of(const char *s)
{
	struct name name = { s, 0, NAME_HASH };

	while (s[name.len])
		name.hash = name_hash(name.hash, s[name.len++]);
	return name;
}

static uint64_t word_at(const char *p)
{
	uint64_t v;

	__builtin_memcpy(&v, p, sizeof v);
	return v;
}

/* Names are short and mostly equal when they are compared at all. The last word
 * overlaps the one before. */
bool same_bytes(const char *a, const char *b, size_t n)
{
	size_t i;

	if (n < 8) {
		while (n && a[n - 1] == b[n - 1])
			n--;
		return !n;
	}
	for (i = 0; i + 8 < n; i += 8)
		if (word_at(a + i) != word_at(b + i))
			return false;
	return word_at(a + n - 8) == word_at(b + n - 8);
}

int io_put(struct io *io, const void *src, size_t n)
{
	if (io->kernel)
		memcpy(io->base, src, n);
	else if (copy_out(io->base, src, n) < 0)
		return -EFAULT;
	io->base += n;
	io->left -= n;
	return 0;
}

int io_get(struct io *io, void *dst, size_t n)
{
	if (io->kernel)
		memcpy(dst, io->base, n);
	else if (copy_in(dst, io->base, n) < 0)
		return -EFAULT;
	io->base += n;
	io->left -= n;
	return 0;
}

int io_zero(struct io *io, size_t n)
{
	static const char zeros[512];

	while (n) {
		size_t part = n < sizeof zeros ? n : sizeof zeros;

		if (io_put(io, zeros, part) < 0)
			return -EFAULT;
		n -= part;
	}
	return 0;
}
