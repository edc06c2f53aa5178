/* SPDX-License-Identifier: MIT
 *
 * Boot modules: files in place and copied, later archives over earlier ones, and
 * archives that somebody damaged.
 */
#include "calls.h"

#define SPACE (16 * 4096)
static char *module;
static size_t used;

/* An entry; align: where its data begin. */
static void add(const char *name, uint32_t mode, const char *data, size_t size, size_t align)
{
	size_t pad = (0 - (used + 110 + strlen(name) + 1)) % align, namesize = strlen(name) + 1 + pad, i;
	uint32_t field[13] = { 1, mode, 0, 0, 1, 1000, (uint32_t)size, 0, 0, 0, 0, (uint32_t)namesize, 0 };

	used += (size_t)format(module + used, SPACE - used, "070701");
	for (i = 0; i < 13; i++)
		used += (size_t)format(module + used, SPACE - used, "%08X", field[i]);
	memcpy(module + used, name, strlen(name));
	used += namesize;
	memcpy(module + used, data, size);
	used += size;
	used += (0 - used) % 4;
}

static void pad_page(void)
{
	used += (0 - used) % 4096;
}

static void test_boot(void)
{
	struct linux_stat s;
	char buf[16];
	long fd;

	begin("cpio/boot");
	module = shim_busy_pages(16);
	add("init", S_IFREG | 0755, "ELF", 3, 4096);
	pad_page();
	add("etc", S_IFDIR | 0755, "", 0, 4);
	add("etc/motd", S_IFREG | 0644, "first", 5, 4);
	add("deep/er/file", S_IFREG | 0600, "parents", 7, 4);
	add("bin/link", S_IFLNK | 0777, "../etc/motd", 11, 4);
	add("TRAILER!!!", 0, "", 0, 4);
	pad_page();
	add("./etc/motd", S_IFREG | 0644, "second", 6, 4096);
	pad_page();
	add("TRAILER!!!", 0, "", 0, 4);
	pad_page();
	shim_module = module;
	shim_module_size = used;
	shim_cmdline = "mode=console rows=43 cols=132";
	vfs_boot();
	CHECK(holds("/sbin/init", "ELF") && holds("/etc/motd", "second") && holds("/bin/link", "second"));
	CHECK(holds("/deep/er/file", "parents"));
	CHECK(Stat("/sbin/init", &s) == 0 && s.mode == (S_IFREG | 0755) && s.mtime.sec == 1000);
	fd = Open("/etc/motd", O_RDWR, 0); /* in place, and still an ordinary file */
	CHECK(Pwrite(fd, "SECOND and more", 15, 0) == 15 && Pread(fd, buf, 15, 0) == 15);
	CHECK(Ftruncate(fd, 0) == 0 && Close(fd) == 0 && Unlink("/etc/motd") == 0);
	CHECK(Open("/dev/console", O_RDWR, 0) == 3 && Close(3) == 0);
}

/* Every prefix of an archive, and every single damaged byte: no crash, and nothing
 * is read beyond the end (the copy is exactly as long as the data). */
static void test_damage(void)
{
	void *malloc(size_t);
	void free(void *);
	size_t n, at;

	begin("cpio/damage");
	used = 0;
	memset(module, 0, SPACE);
	add("damaged/a", S_IFREG | 0644, "0123456789", 10, 4);
	add("damaged/l", S_IFLNK | 0777, "a", 1, 4);
	add("TRAILER!!!", 0, "", 0, 4);
	for (n = 0; n <= used; n += 7) {
		unsigned char *copy = malloc(n + 1);

		memcpy(copy + 1, module, n);
		cpio_unpack(copy + 1, n);
		free(copy);
	}
	for (at = 0; at < used; at += 3) {
		unsigned char *copy = malloc(used);

		memcpy(copy, module, used);
		copy[at] = "0fF/\377\0x"[at % 7] ^ 1;
		cpio_unpack(copy, used);
		free(copy);
	}
	CHECK(holds("/damaged/a", "0123456789"));
}

void tests_of_archive(void)
{
	test_boot();
	test_damage();
}
