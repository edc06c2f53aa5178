/* SPDX-License-Identifier: MIT
 *
 * Files, descriptors, mounts and devices against what POSIX and Linux say of them.
 */
#include "calls.h"

void *memmem(const void *, size_t, const void *, size_t);

static bool same(const void *a, const void *b, size_t n)
{
	return !memcmp(a, b, n);
}

static void test_data(void)
{
	static char big[200000], back[200000];
	struct linux_stat s;
	size_t before = shim_pages_used();
	long fd, i;

	begin("vfs/data");
	for (i = 0; i < (long)sizeof big; i++)
		big[i] = (char)(i * 7 + i / 4096);
	fd = Open("/big", O_CREAT | O_RDWR, 0644);
	CHECK(Write(fd, big, sizeof big) == sizeof big);
	CHECK(Pread(fd, back, sizeof back, 0) == sizeof back && same(big, back, sizeof big));
	CHECK(Pread(fd, back, 10, sizeof big) == 0);
	CHECK(Pread(fd, back, 10, -1) == -EINVAL);
	CHECK(Pread(fd, back, 100, 4090) == 100 && same(big + 4090, back, 100));
	CHECK(Write(fd, BAD_POINTER, 10) == -EFAULT);
	CHECK(Pread(fd, BAD_POINTER, 10, 0) == -EFAULT);
	CHECK(Write(fd, (void *)EXO_WINDOW, 10) == -EFAULT);
	CHECK(Lseek(fd, 0, SEEK_CUR) == sizeof big);
	CHECK(Lseek(fd, -1, SEEK_SET) == -EINVAL);
	CHECK(Lseek(fd, 100, SEEK_END) == sizeof big + 100);
	CHECK(Pwrite(fd, "end", 3, 1l << 40) == 3);
	CHECK(Fstat(fd, &s) == 0 && s.size == (1l << 40) + 3 && s.blocks < 1000);
	CHECK(Pread(fd, back, 8192, 1l << 39) == 8192);
	for (i = 0; i < 8192; i++)
		CHECK(back[i] == 0);
	CHECK(Ftruncate(fd, 5000) == 0 && Ftruncate(fd, 9000) == 0);
	CHECK(Pread(fd, back, 9000, 0) == 9000 && same(big, back, 5000));
	for (i = 5000; i < 9000; i++)
		CHECK(back[i] == 0);
	CHECK(Ftruncate(fd, -1) == -EINVAL);
	CHECK(Truncate("/", 0) == -EISDIR);
	CHECK(Unlink("/big") == 0);
	CHECK(Pread(fd, back, 5000, 0) == 5000 && same(big, back, 5000));
	CHECK(Fstat(fd, &s) == 0 && s.nlink == 0);
	CHECK(Linkat(fd, "", AT_FDCWD, "/again", AT_EMPTY_PATH) == -ENOENT);
	CHECK(Close(fd) == 0);
	CHECK(shim_pages_used() == before);
}

static void test_append(void)
{
	static char buf[64];
	long a, b;
	struct linux_iovec v[3] = { { "one ", 4 }, { NULL, 0 }, { "two", 3 } }, into = { buf, 3 };

	begin("vfs/append");
	a = Open("/log", O_CREAT | O_WRONLY | O_APPEND, 0600);
	b = Open("/log", O_RDWR | O_APPEND, 0600);
	CHECK(Write(a, "1", 1) == 1 && Write(b, "2", 1) == 1 && Write(a, "3", 1) == 1);
	CHECK(holds("/log", "123"));
	CHECK(CALL3(20, a, v, 3) == 7);
	CHECK(holds("/log", "123one two"));
	CHECK(CALL3(20, a, v, -1) == -EINVAL);
	CHECK(CALL4(295, b, &into, 1, 3) == 3 && same(buf, "one", 3));
	CHECK(Fcntl(b, F_SETFL, 0) == 0);
	CHECK(Lseek(b, 0, SEEK_SET) == 0 && Write(b, "X", 1) == 1);
	CHECK(holds("/log", "X23one two"));
	Close(a), Close(b);
	CHECK(Unlink("/log") == 0);
}

static void test_descriptors(void)
{
	long fd, other, i;

	begin("vfs/descriptors");
	put_file("/f", "abcdef");
	fd = Open("/f", O_RDONLY | O_CLOEXEC, 0);
	CHECK(Fcntl(fd, F_GETFD, 0) == FD_CLOEXEC);
	other = Dup(fd);
	CHECK(other == fd + 1 && Fcntl(other, F_GETFD, 0) == 0);
	CHECK(Lseek(fd, 3, SEEK_SET) == 3 && Lseek(other, 0, SEEK_CUR) == 3);
	CHECK(Dup2(fd, 700) == 700 && Dup2(fd, 1024) == -EBADF && Dup2(99, 5) == -EBADF);
	CHECK(Dup2(fd, fd) == fd && CALL3(292, fd, fd, 0) == -EINVAL);
	CHECK(Fcntl(fd, F_DUPFD, 500) == 500 && Fcntl(fd, F_DUPFD, 5000) == -EINVAL);
	CHECK(Fcntl(fd, F_DUPFD_CLOEXEC, 500) == 501 && Fcntl(501, F_GETFD, 0) == FD_CLOEXEC);
	files_close_on_exec();
	CHECK(Fcntl(fd, F_GETFD, 0) == -EBADF && Fcntl(501, F_GETFD, 0) == -EBADF && Fcntl(500, F_GETFD, 0) == 0);
	CHECK(Close(other) == 0 && Close(700) == 0 && Close(500) == 0);
	for (i = 3; i < 1024; i++)
		CHECK(Open("/f", O_RDONLY, 0) == i);
	CHECK(Open("/f", O_RDONLY, 0) == -EMFILE);
	CHECK(Close(77) == 0 && Open("/f", O_RDONLY, 0) == 77);
	CHECK(CALL3(436, 3, ~0u, 0) == 0);
	CHECK(Open("/f", O_RDONLY, 0) == 3);
	Close(3);
	CHECK(Unlink("/f") == 0);
}

static void test_attributes(void)
{
	struct linux_stat s;
	struct linux_timespec t[2] = { { 1000, 5 }, { 0, UTIME_OMIT } };
	struct linux_statx x;
	int64_t old;

	begin("vfs/attributes");
	put_file("/f", "");
	CHECK(Stat("/f", &s) == 0 && s.mode == (S_IFREG | 0644) && s.nlink == 1);
	old = s.mtime.sec * 1000000000 + s.mtime.nsec;
	CHECK(Access("/f", 1) == -EACCES && Access("/f", 6) == 0 && Access("/f", 8) == -EINVAL);
	CHECK(Chmod("/f", 04755) == 0 && Access("/f", 1) == 0);
	CHECK(CALL3(92, "/f", 7, -1) == 0);
	CHECK(CALL4(280, AT_FDCWD, "/f", t, 0) == 0);
	CHECK(Stat("/f", &s) == 0 && s.mode == (S_IFREG | 04755) && s.uid == 7 && s.gid == 0);
	CHECK(s.atime.sec == 1000 && s.atime.nsec == 5 && s.mtime.sec * 1000000000 + s.mtime.nsec == old);
	t[1].nsec = 2000000000;
	CHECK(CALL4(280, AT_FDCWD, "/f", t, 0) == -EINVAL);
	CHECK(CALL5(332, AT_FDCWD, "/f", 0, 0xfff, &x) == 0 && x.mode == s.mode && x.ino == s.ino && x.uid == 7);
	CHECK(Stat("/f", BAD_POINTER) == -EFAULT);
	CHECK(CALL1(95, 077) == 022);
	CHECK(Mkdir("/p", 0777) == 0 && Stat("/p", &s) == 0 && s.mode == (S_IFDIR | 0700));
	CHECK(CALL1(95, 022) == 077 && Rmdir("/p") == 0);
	CHECK(Unlink("/f") == 0);
}

static void test_unnamed(void)
{
	long fd;

	begin("vfs/unnamed file");
	fd = Open("/", O_TMPFILE | O_RDWR, 0600);
	CHECK(fd == 3 && Write(fd, "kept", 4) == 4);
	CHECK(Linkat(fd, "", AT_FDCWD, "/kept", AT_EMPTY_PATH) == 0);
	Close(fd);
	CHECK(holds("/kept", "kept") && Unlink("/kept") == 0);
	CHECK(Open("/", O_TMPFILE | O_RDONLY, 0600) == -EINVAL);
}

static void test_mounts(void)
{
	struct linux_statfs fs;
	char buf[512];
	size_t pages;
	long fd, n;

	begin("vfs/mounts");
	pages = shim_pages_used();
	CHECK(Mkdir("/m", 0755) == 0);
	CHECK(Mount("src", "/m", "nofs", 0, 0) == -ENODEV);
	CHECK(Mount("src", "/m", "tmpfs", 0, "size=64k") == 0);
	CHECK(CALL2(137, "/m", &fs) == 0 && fs.type == TMPFS_MAGIC && fs.blocks == 16);
	CHECK(Mkdir("/m/in", 0755) == 0 && Chdir("/m/in") == 0);
	CHECK(Getcwd(buf, 512) == 6 && !strcmp(buf, "/m/in"));
	CHECK(Umount("/m") == -EBUSY && Rmdir("/m") == -EBUSY && Rename("/m", "/k") == -EBUSY);
	CHECK(Chdir("../..") == 0 && Getcwd(buf, 512) == 2);
	put_file("/out", "x");
	CHECK(Rename("/out", "/m/out") == -EXDEV && Link("/out", "/m/out") == -EXDEV);
	fd = Open("/m/full", O_CREAT | O_RDWR, 0644);
	for (n = 0; n < 16; n++)
		CHECK(Pwrite(fd, buf, 512, n * 4096) == 512);
	CHECK(Pwrite(fd, buf, 512, n * 4096) == -ENOSPC);
	Close(fd);
	fd = Open("/proc/mounts", O_RDONLY, 0);
	n = Read(fd, buf, 512);
	Close(fd);
	CHECK(n > 0 && memmem(buf, (size_t)n, "src /m tmpfs", 12));
	CHECK(Umount("/m/in") == -EINVAL);
	CHECK(Umount("/m") == 0 && Umount("/m") == -EINVAL);
	CHECK(Open("/m/full", O_RDONLY, 0) == -ENOENT);
	CHECK(Mkdir("/n", 0755) == 0 && Mount("/m", "/n", 0, MS_BIND, 0) == 0);
	put_file("/n/through", "bound");
	CHECK(holds("/m/through", "bound") && Umount("/n") == 0 && Rmdir("/n") == 0);
	CHECK(Unlink("/m/through") == 0 && Rmdir("/m") == 0 && Unlink("/out") == 0);
	CHECK(shim_pages_used() == pages);
}

static void test_devices(void)
{
	char buf[600], zero[600] = { 0 };
	struct linux_stat s;
	long fd, other;

	begin("vfs/devices");
	fd = Open("/dev/null", O_RDWR, 0);
	CHECK(Write(fd, buf, 600) == 600 && Read(fd, buf, 600) == 0);
	Close(fd);
	fd = Open("/dev/zero", O_RDWR, 0);
	CHECK(Read(fd, buf, 600) == 600 && same(buf, zero, 600));
	Close(fd);
	fd = Open("/dev/full", O_RDWR, 0);
	CHECK(Write(fd, buf, 1) == -ENOSPC && Read(fd, buf, 1) == 1);
	Close(fd);
	fd = Open("/dev/urandom", O_RDONLY, 0);
	CHECK(Read(fd, buf, 600) == 600 && !same(buf, zero, 600));
	CHECK(CALL3(318, zero, 16, 0) == 16 && CALL3(318, zero, 16, 64) == -EINVAL && CALL3(318, 8, 16, 0) == -EFAULT);
	Close(fd);
	CHECK(Stat("/dev/null", &s) == 0 && S_ISCHR(s.mode) && s.rdev == 0x103);
	CHECK(Mknod("/odd", S_IFCHR | 0666, 0x9999) == 0 && Open("/odd", O_RDWR, 0) == -ENXIO && Unlink("/odd") == 0);
	fd = Open("/dev/kmsg", O_RDONLY, 0);
	CHECK(Read(fd, buf, 5) == 5 && same(buf, "hello", 5));
	Close(fd);
	put_file("/f", "by number");
	fd = Open("/f", O_RDONLY, 0);
	other = Open("/dev/fd/3", O_RDONLY, 0);
	CHECK(fd == 3 && other == 4 && Read(other, buf, 9) == 9 && same(buf, "by number", 9));
	CHECK(Readlink("/proc/self/fd/3", buf, 64) == 2 && same(buf, "/f", 2));
	CHECK(Unlink("/f") == 0);
	CHECK(Readlink("/proc/self/fd/3", buf, 64) == 11 && same(buf, "f (deleted)", 11));
	Close(other), Close(fd);
	CHECK(Open("/proc/self/fd/3", O_RDONLY, 0) == -ENOENT);
}

static void test_proc(void)
{
	char buf[40000], seen[1000];
	long fd, n;

	begin("vfs/proc");
	CHECK(Readlink("/proc/self", buf, 64) == 1 && buf[0] == '1');
	CHECK(list("/proc/self/fd", 2048, seen) == 6);
	CHECK(list("/proc", 64, seen) == 12);
	for (n = 0; n < 3; n++)
		CALL0(300);
	fd = Open("/proc/exo/syscalls", O_RDONLY, 0);
	n = Read(fd, buf, sizeof buf);
	CHECK(n > 0 && memmem(buf, (size_t)n, "300 3\n", 6));
	CHECK(Read(fd, buf, 10) == 0 && Lseek(fd, 0, SEEK_SET) == 0 && Read(fd, buf, 6) == 6);
	Close(fd);
	fd = Open("/proc/cpuinfo", O_RDONLY, 0);
	n = Read(fd, buf, sizeof buf);
	CHECK(n > 0 && memmem(buf, (size_t)n, "flags\t\t: fpu", 11));
	Close(fd);
	CHECK(Open("/proc/meminfo", O_RDWR, 0) == -EACCES && Mkdir("/proc/x", 0755) == -ENOENT);
	CHECK(Unlink("/proc/meminfo") == -EPERM && Open("/proc/2", O_RDONLY, 0) == -ENOENT);
	CHECK(Rename("/proc/meminfo", "/proc/x") == -EPERM);
	CHECK(CALL0(511) == -ENOSYS && CALL0(57) == -ENOSYS);
}

static void test_copies(void)
{
	static char data[50000], back[50000];
	int64_t at = 10;
	long in, out;
	unsigned i;

	begin("vfs/sendfile");
	for (i = 0; i < sizeof data; i++)
		data[i] = (char)(i * 31);
	in = Open("/in", O_CREAT | O_RDWR, 0644);
	out = Open("/out", O_CREAT | O_RDWR, 0644);
	CHECK(Write(in, data, sizeof data) == sizeof data && Lseek(in, 0, SEEK_SET) == 0);
	CHECK(Sendfile(out, in, 0, 1 << 20) == sizeof data && Lseek(in, 0, SEEK_CUR) == sizeof data);
	CHECK(Pread(out, back, sizeof back, 0) == sizeof back && same(data, back, sizeof data));
	CHECK(Sendfile(out, in, &at, 5) == 5 && at == 15 && Pread(out, back, 5, sizeof data) == 5 && same(back, data + 10, 5));
	CHECK(Sendfile(out, in, BAD_POINTER, 5) == -EFAULT);
	at = 0;
	CHECK(CALL6(326, in, &at, out, 0, 100, 0) == 100 && at == 100);
	CHECK(CALL4(285, out, 3, 4000, 5000) == 0); /* punch */
	CHECK(Pread(out, back, 10000, 0) == 10000 && same(back, data, 4000) && !back[4000] && !back[8999] &&
	      same(back + 9000, data + 9000, 1000));
	CHECK(CALL4(285, out, 0, 60000, 100) == 0 && Lseek(out, 0, SEEK_END) == 60100);
	Close(in), Close(out);
	CHECK(Unlink("/in") == 0 && Unlink("/out") == 0);
}

void tests_of_files(void)
{
	test_data();
	test_append();
	test_descriptors();
	test_attributes();
	test_unnamed();
	test_mounts();
	test_devices();
	test_proc();
	test_copies();
}
