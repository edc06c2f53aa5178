/* SPDX-License-Identifier: MIT
 *
 * What the tests of the file system share, and the order in which they run.
 */
#include "calls.h"

int printf(const char *, ...);

void put_file(const char *name, const char *text)
{
	long fd = Open(name, O_CREAT | O_TRUNC | O_WRONLY, 0644);

	CHECK(fd >= 0);
	CHECK(Write(fd, text, strlen(text)) == (long)strlen(text));
	CHECK(Close(fd) == 0);
}

bool holds(const char *name, const char *text)
{
	char buf[256];
	long fd = Open(name, O_RDONLY, 0), n = Read(fd, buf, sizeof buf);

	Close(fd);
	return n == (long)strlen(text) && !memcmp(buf, text, (size_t)n);
}

unsigned list(const char *dir, size_t size, char *seen)
{
	char buf[2048] __attribute__((aligned(8)));
	unsigned n = 0;
	long fd = Open(dir, O_RDONLY | O_DIRECTORY, 0), r, at;

	while ((r = Getdents(fd, buf, size)) > 0)
		for (at = 0; at < r; n++) {
			struct linux_dirent64 *d = (struct linux_dirent64 *)(buf + at);

			if (d->name[0] == 'n')
				seen[(d->name[1] - '0') * 100 + (d->name[2] - '0') * 10 + d->name[3] - '0']++;
			at += d->reclen;
		}
	CHECK(r == 0);
	Close(fd);
	return n;
}

int main(void)
{
	size_t memory;

	shim_init();
	tests_of_archive();
	memory = shim_memory_used();
	tests_of_names();
	tests_of_files();
	tests_at_random();
	tests_of_terminal();
	printf("# slab memory: %lu bytes at the start, %lu now; %lu dentries\n", (unsigned long)memory,
	       (unsigned long)shim_memory_used(), (unsigned long)vfs_state()->dentry_count);
	return finish();
}
