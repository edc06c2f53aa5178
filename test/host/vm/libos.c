/* SPDX-License-Identifier: MIT
 *
 * What libos/core, proc and vfs give to libos/vm.
 */
#include "mock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct proc process;

void lock_take(struct lock *l)
{
	if (l->word++)
		libos_panic("a lock is taken twice");
}

void lock_drop(struct lock *l)
{
	if (l->word-- != 1)
		libos_panic("a lock is dropped twice");
}

void log_printf(const char *fmt, ...)
{
	(void)fmt;
}

void libos_panic(const char *fmt, ...)
{
	va_list list;

	va_start(list, fmt);
	vfprintf(stderr, fmt, list);
	va_end(list);
	abort();
}

struct proc *proc_self(void)
{
	return &process;
}

struct file *file_make(uint64_t size)
{
	struct file *f = calloc(1, sizeof *f);

	*f = (struct file){ .size = size, .access = VM_READ | VM_WRITE, .refs = 1 };
	for (uint64_t i = 0; i * 4096 < size; i++) {
		char *page = page_alloc_zero(0);
		memset(page, i + 1, min_u64(4096, size - i * 4096));
		f->frames[i] = page_pfn(page);
	}
	return f;
}

void file_delete(struct file *f)
{
	if (f->refs != 1)
		libos_panic("file has %u references", f->refs);
	for (int i = 0; i < 64; i++)
		if (f->frames[i])
			page_unref(page_at(f->frames[i]));
	free(f);
}

void *file_frame(struct file *f, uint64_t index, bool make)
{
	if (index >= 64 || index * 4096 >= f->size)
		return NULL;
	if (!f->frames[index] && make)
		f->frames[index] = page_pfn(page_alloc_zero(0));
	if (!f->frames[index])
		return NULL;
	page_ref(page_at(f->frames[index]));
	return page_at(f->frames[index]);
}

static struct file *only_file;
uint64_t file_size(struct file *f) { return f->size; }
void file_ref(struct file *f) { f->refs++; only_file = f; }
void file_unref(struct file *f) { f->refs--; }
unsigned file_access(struct file *f) { return f->access; }
bool file_mappable(struct file *f) { return f->size != 0; }

struct file *file_of_fd(int fd)
{
	if (fd != 3 || !only_file)
		return NULL;
	file_ref(only_file);
	return only_file;
}

int copy_out(void *user, const void *from, size_t n)
{
	memcpy(user, from, n);
	return 0;
}

uint64_t free_frames(void)
{
	struct pool_stats s;

	pool_stats(&s);
	return s.free;
}
