/* SPDX-License-Identifier: MIT
 *
 * Names, directories and links against what POSIX and Linux say of them.
 */
#include "calls.h"

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

/* 40 links in a row are fine, one more is not. */
static void test_chain(void)
{
	char buf[64], name[16];
	int i;

	begin("vfs/chain of links");
	put_file("/g", "text");
	for (i = 0; i < 42; i++) {
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
	CHECK(Unlink("/g") == 0);
}

static void test_links(void)
{
	struct linux_stat s;
	char buf[64];

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

void tests_of_names(void)
{
	test_open();
	test_names();
	test_links();
	test_chain();
	test_rename();
	test_directory();
	test_cwd();
	test_caches();
}
