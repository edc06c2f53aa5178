/* SPDX-License-Identifier: MIT
 *
 * The file system against what POSIX and Linux say of it.
 */
#include "calls.h"

int printf(const char *, ...);
void *memmem(const void *, size_t, const void *, size_t);

static bool same(const void *a, const void *b, size_t n)
{
	return !memcmp(a, b, n);
}

static void put_file(const char *name, const char *text)
{
	long fd = Open(name, O_CREAT | O_TRUNC | O_WRONLY, 0644);

	CHECK(fd >= 0);
	CHECK(Write(fd, text, strlen(text)) == (long)strlen(text));
	CHECK(Close(fd) == 0);
}

static bool holds(const char *name, const char *text)
{
	char buf[256];
	long fd = Open(name, O_RDONLY, 0), n = Read(fd, buf, sizeof buf);

	Close(fd);
	return n == (long)strlen(text) && same(buf, text, (size_t)n);
}

static void test_open(void)
{
	long fd;

	begin("vfs/open");
	CHECK(Open("/no", O_RDONLY, 0) == -ENOENT);
	CHECK(Open("", O_RDONLY, 0) == -ENOENT);
	CHECK(Open(BAD_POINTER, O_RDONLY, 0) == -EFAULT);
	CHECK(Open("/", O_RDWR, 0) == -EISDIR);
	CHECK(Open("/", O_RDONLY | O_CREAT, 0) == -EISDIR);
	put_file("/a", "hello");
	CHECK(Open("/a", O_CREAT | O_EXCL | O_RDWR, 0644) == -EEXIST);
	CHECK(Open("/a/", O_RDONLY, 0) == -ENOTDIR);
	CHECK(Open("/a/b", O_RDONLY, 0) == -ENOTDIR);
	CHECK(Open("/a", O_RDONLY | O_DIRECTORY, 0) == -ENOTDIR);
	CHECK(Open("/b/", O_CREAT | O_RDWR, 0644) == -EISDIR);
	fd = Open("/a", O_RDONLY, 0);
	CHECK(fd == 3);
	CHECK(Write(fd, "x", 1) == -EBADF);
	CHECK(Fcntl(fd, F_GETFL, 0) == O_LARGEFILE);
	CHECK(Close(fd) == 0);
	CHECK(Close(fd) == -EBADF);
	fd = Open("/a", O_WRONLY | O_TRUNC, 0);
	CHECK(Read(fd, (char[1]){ 0 }, 1) == -EBADF);
	Close(fd);
	CHECK(holds("/a", ""));
	CHECK(Unlink("/a") == 0);
	CHECK(Unlink("/a") == -ENOENT);
}

static void test_names(void)
{
	char name[5000];

	begin("vfs/names");
	memset(name, 'x', sizeof name);
	name[0] = '/';
	name[256] = 0;
	CHECK(Mkdir(name, 0755) == 0);
	CHECK(Rmdir(name) == 0);
	name[256] = 'x';
	name[257] = 0;
	CHECK(Mkdir(name, 0755) == -ENAMETOOLONG);
	name[257] = 'x';
	name[4999] = 0;
	CHECK(Mkdir(name, 0755) == -ENAMETOOLONG);
	CHECK(Mkdir("/d", 0777) == 0);
	CHECK(Mkdir("/d", 0777) == -EEXIST);
	CHECK(Mkdir("/d/", 0777) == -EEXIST);
	CHECK(Mkdir("/d/e/", 0777) == 0);
	CHECK(Mkdir("/d/.", 0777) == -EEXIST);
	CHECK(Rmdir("/d/.") == -EINVAL);
	CHECK(Rmdir("/d/e/..") == -ENOTEMPTY);
	CHECK(Rmdir("/d") == -ENOTEMPTY);
	CHECK(Rmdir("/") == -EBUSY);
	CHECK(Unlink("/d") == -EISDIR);
	CHECK(Mknod("/d/f/", S_IFREG | 0644, 0) == -ENOENT);
	CHECK(Rmdir("//d///e//") == 0);
	CHECK(Rmdir("/d") == 0);
}

static void test_links(void)
{
	struct linux_stat s;
	char buf[64], name[16];
	int i;

	begin("vfs/links");
	put_file("/f", "text");
	CHECK(Link("/f", "/g") == 0);
	CHECK(Stat("/g", &s) == 0 && s.nlink == 2);
	CHECK(Link("/f", "/g") == -EEXIST);
	CHECK(Link("/", "/h") == -EPERM);
	CHECK(Unlink("/f") == 0);
	CHECK(holds("/g", "text"));
	CHECK(Symlink("g", "/s") == 0);
	CHECK(holds("/s", "text"));
	CHECK(Readlink("/s", buf, 64) == 1 && buf[0] == 'g');
	CHECK(Readlink("/g", buf, 64) == -EINVAL);
	CHECK(Lstat("/s", &s) == 0 && S_ISLNK(s.mode) && s.size == 1);
	CHECK(Open("/s", O_RDONLY | O_NOFOLLOW, 0) == -ELOOP);
	CHECK(Open("/s/", O_RDONLY, 0) == -ENOTDIR);
	CHECK(Symlink("loop2", "/loop1") == 0 && Symlink("loop1", "/loop2") == 0);
	CHECK(Open("/loop1", O_RDONLY, 0) == -ELOOP);
	CHECK(Open("/loop1", O_RDONLY | O_CREAT, 0644) == -ELOOP);
	CHECK(Symlink("/made", "/dangling") == 0);
	CHECK(Open("/dangling", O_CREAT | O_EXCL | O_WRONLY, 0644) == -EEXIST);
	put_file("/dangling", "through");
	CHECK(holds("/made", "through"));
	CHECK(Mkdir("/dir", 0755) == 0 && Symlink("dir", "/dl") == 0);
	put_file("/dl/x", "in");
	CHECK(holds("/dir/x", "in"));
	CHECK(holds("/dl/../dl/./x", "in"));
	CHECK(Rmdir("/dl") == -ENOTDIR);
	CHECK(Unlink("/dl/") == -EISDIR || Unlink("/dl/") == -ENOTDIR);
	for (i = 0; i < 42; i++) { /* 40 links in a row are fine, one more is not */
		format(name, sizeof name, "/c%d", i);
		format(buf, sizeof buf, i ? "c%d" : "g", i - 1);
		CHECK(Symlink(buf, name) == 0);
	}
	CHECK(holds("/c39", "text"));
	CHECK(Open("/c40", O_RDONLY, 0) == -ELOOP);
	for (i = 0; i < 42; i++) {
		format(name, sizeof name, "/c%d", i);
		CHECK(Unlink(name) == 0);
	}
	CHECK(Unlink("/dl/x") == 0 && Rmdir("/dir") == 0 && Unlink("/dl") == 0 && Unlink("/made") == 0);
	CHECK(Unlink("/dangling") == 0 && Unlink("/loop1") == 0 && Unlink("/loop2") == 0);
	CHECK(Unlink("/s") == 0 && Unlink("/g") == 0);
}

static void test_rename(void)
{
	struct linux_stat s, t;

	begin("vfs/rename");
	put_file("/a", "A");
	put_file("/b", "B");
	CHECK(Mkdir("/d", 0755) == 0 && Mkdir("/d/e", 0755) == 0 && Mkdir("/x", 0755) == 0);
	CHECK(Rename("/no", "/z") == -ENOENT);
	CHECK(Rename("/a", "/b") == 0 && holds("/b", "A") && Open("/a", 0, 0) == -ENOENT);
	CHECK(Rename("/d", "/d/e/f") == -EINVAL);
	CHECK(Rename("/d", "/d") == 0);
	CHECK(Rename("/d/e", "/d") == -ENOTEMPTY);
	CHECK(Rename("/b", "/x") == -EISDIR);
	CHECK(Rename("/x", "/b") == -ENOTDIR);
	CHECK(Rename("/x", "/d") == -ENOTEMPTY);
	CHECK(Rename("/b/", "/c") == -ENOTDIR);
	CHECK(Rename("/b", "/c/") == -ENOTDIR);
	CHECK(Rename("/d/.", "/c") == -EBUSY);
	CHECK(Renameat2(AT_FDCWD, "/b", AT_FDCWD, "/x", RENAME_NOREPLACE) == -EEXIST);
	CHECK(Renameat2(AT_FDCWD, "/b", AT_FDCWD, "/x", 8) == -EINVAL);
	CHECK(Rename("/d/e", "/x") == 0); /* over an empty directory */
	CHECK(Stat("/d", &s) == 0 && s.nlink == 2);
	CHECK(Link("/b", "/c") == 0 && Rename("/b", "/c") == 0); /* one file: nothing happens */
	CHECK(Stat("/b", &s) == 0 && Stat("/c", &t) == 0 && s.ino == t.ino && s.nlink == 2);
	CHECK(Rename("/d", "/x/moved") == 0);
	put_file("/x/moved/in", "I");
	CHECK(Rename("/x", "/a-name-that-is-longer-than-what-fits-into-the-dentry-itself") == 0);
	CHECK(holds("/a-name-that-is-longer-than-what-fits-into-the-dentry-itself/moved/in", "I"));
	CHECK(Rename("/a-name-that-is-longer-than-what-fits-into-the-dentry-itself", "/x") == 0);
	CHECK(holds("/x/moved/in", "I"));
	CHECK(Unlink("/x/moved/in") == 0 && Rmdir("/x/moved") == 0 && Rmdir("/x") == 0);
	CHECK(Mkdir("/e", 0755) == 0 && Mkdir("/e/f", 0755) == 0);
	CHECK(Renameat2(AT_FDCWD, "/b", AT_FDCWD, "/e/f", RENAME_EXCHANGE) == 0);
	CHECK(holds("/e/f", "A") && Rmdir("/b") == 0 && Stat("/e", &s) == 0 && s.nlink == 2);
	CHECK(Renameat2(AT_FDCWD, "/e", AT_FDCWD, "/e/f", RENAME_EXCHANGE) == -EINVAL);
	CHECK(Renameat2(AT_FDCWD, "/e/f", AT_FDCWD, "/e", RENAME_EXCHANGE) == -EINVAL);
	CHECK(Renameat2(AT_FDCWD, "/e/f", AT_FDCWD, "/none", RENAME_EXCHANGE) == -ENOENT);
	CHECK(Unlink("/e/f") == 0 && Rmdir("/e") == 0 && Unlink("/c") == 0);
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

static unsigned list(const char *dir, size_t size, char *seen)
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

static void test_directory(void)
{
	char name[32], seen[1000], buf[16];
	struct linux_stat s;
	unsigned i;
	long fd;

	begin("vfs/directory");
	CHECK(Mkdir("/many", 0755) == 0);
	for (i = 0; i < 700; i++) {
		format(name, sizeof name, "/many/n%03u", i);
		CHECK(i & 1 ? Mkdir(name, 0755) == 0 : Mknod(name, S_IFREG | 0644, 0) == 0);
	}
	CHECK(Stat("/many", &s) == 0 && s.nlink == 352);
	memset(seen, 0, sizeof seen);
	CHECK(list("/many", 2048, seen) == 702);
	for (i = 0; i < 700; i++)
		CHECK(seen[i] == 1);
	CHECK(list("/many", 40, seen) == 702);
	fd = Open("/many", O_RDONLY, 0);
	CHECK(Getdents(fd, buf, 16) == -EINVAL);
	CHECK(Read(fd, buf, 16) == -EISDIR);
	Close(fd);
	for (i = 0; i < 700; i++) {
		format(name, sizeof name, "/many/n%03u", i);
		CHECK(i & 1 ? Rmdir(name) == 0 : Unlink(name) == 0);
	}
	CHECK(list("/many", 2048, seen) == 2);
	CHECK(Rmdir("/many") == 0);
}

static void test_cwd(void)
{
	char buf[256];
	long fd;

	begin("vfs/cwd");
	CHECK(Mkdir("/w", 0755) == 0 && Mkdir("/w/v", 0755) == 0);
	CHECK(Chdir("/w/v") == 0 && Getcwd(buf, 256) == 5 && !strcmp(buf, "/w/v"));
	CHECK(Getcwd(buf, 4) == -ERANGE);
	CHECK(Rename("/w/v", "/w/u") == 0 && Getcwd(buf, 256) == 5 && !strcmp(buf, "/w/u"));
	put_file("here", "relative");
	CHECK(holds("/w/u/here", "relative") && holds("../u/here", "relative"));
	CHECK(Chdir("here") == -ENOTDIR);
	CHECK(Unlink("here") == 0);
	fd = Open("..", O_RDONLY | O_DIRECTORY, 0);
	CHECK(CALL3(258, fd, "made", 0755) == 0 && CALL3(263, fd, "made", AT_REMOVEDIR) == 0);
	CHECK(CALL3(258, 999, "made", 0755) == -EBADF && CALL3(263, fd, "u", 0) == -EISDIR);
	Close(fd);
	CHECK(Rmdir("/w/u") == 0);
	CHECK(Getcwd(buf, 256) == -ENOENT);
	CHECK(Open("x", O_CREAT | O_WRONLY, 0644) == -ENOENT && Mkdir("x", 0755) == -ENOENT);
	CHECK(Chdir("/") == 0 && Rmdir("/w") == 0);
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

static void test_caches(void)
{
	char name[32];
	struct vfs_state *v = vfs_state();
	uint64_t hits;
	unsigned i;

	begin("vfs/caches");
	CHECK(Mkdir("/c", 0755) == 0);
	put_file("/from", "moved");
	put_file("/to", "victim");
	CHECK(Rename("/from", "/to") == 0); /* and no stale name comes back later */
	for (i = 0; i < 5000; i++) {
		format(name, sizeof name, "/c/%u", i);
		put_file(name, "x");
	}
	CHECK(v->dentry_count <= DENTRY_MAX && v->inode_unused <= INODE_MAX);
	for (i = 0; i < 5000; i++) {
		format(name, sizeof name, "/c/%u", i);
		CHECK(holds(name, "x"));
	}
	CHECK(holds("/to", "moved") && Unlink("/to") == 0 && Open("/from", 0, 0) == -ENOENT);
	hits = v->dentry_negative;
	CHECK(Open("/none", 0, 0) == -ENOENT && Open("/none", 0, 0) == -ENOENT && v->dentry_negative == hits + 1);
	for (i = 0; i < 5000; i++) {
		format(name, sizeof name, "/c/%u", i);
		CHECK(Unlink(name) == 0);
	}
	CHECK(Rmdir("/c") == 0);
}

int tests_of_terminal(void);
int tests_of_archive(void);
void tests_at_random(void);

int main(void)
{
	size_t memory;

	shim_init();
	tests_of_archive();
	memory = shim_memory_used();
	test_open();
	test_names();
	test_links();
	test_rename();
	test_data();
	test_append();
	test_descriptors();
	test_directory();
	test_cwd();
	test_attributes();
	test_unnamed();
	test_mounts();
	test_devices();
	test_proc();
	test_copies();
	test_caches();
	tests_at_random();
	tests_of_terminal();
	printf("# slab memory: %lu bytes at the start, %lu now; %lu dentries\n", (unsigned long)memory,
	       (unsigned long)shim_memory_used(), (unsigned long)vfs_state()->dentry_count);
	return finish();
}
