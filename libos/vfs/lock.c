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

/* FNV-1a: names are short, so a byte at a time is quick enough. */
uint32_t hash_bytes(const void *data, size_t n, uint64_t seed)
{
	const unsigned char *p = data;
	uint32_t h = 2166136261u ^ (uint32_t)seed ^ (uint32_t)(seed >> 32);

	while (n--)
		h = (h ^ *p++) * 16777619u;
	return h ^ h >> 15;
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
