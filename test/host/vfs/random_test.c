/* SPDX-License-Identifier: MIT
 *
 * Random calls on a small set of names and descriptors, many of them wrong: the
 * sanitizers watch, and at the end nothing may be left over. The same calls are
 * made with every seed.
 */
#include "calls.h"

int printf(const char *, ...);

#define CALLS 60000
static const char *const names[] = {
	"a", "b", "c", "a/a", "a/b", "b/c", "a/b/c", "c/../a", "./b", "a/", "b/c/", "a/.", "c/..", "l", "l/a", "m", "m/x", "",
	"/tmp/f/a", "..", "a/a/a/a", "/proc/self/fd/5", "/proc/uptime", "/proc/self/cwd/b", "m/x/..", "/proc/self",
};
static uint64_t seed;

static unsigned draw(unsigned n)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return (unsigned)(seed >> 33) % n;
}

static const char *name(void)
{
	return draw(50) ? names[draw(sizeof names / sizeof *names)] : (const char *)BAD_POINTER;
}

/* For what must stay below the test's own directory. */
static const char *inner(void)
{
	return names[draw(9)];
}

static long fd(void)
{
	return draw(40) ? 3 + draw(9) : (long)draw(2000) - 100;
}

static void *buffer(void)
{
	static char data[40000];

	return draw(50) ? data : BAD_POINTER;
}

static void files_call(void)
{
	static const int flags[] = { 0, O_RDWR, O_CREAT | O_RDWR, O_CREAT | O_EXCL | O_WRONLY, O_TRUNC | O_RDWR, O_DIRECTORY,
		O_NOFOLLOW, O_PATH, O_APPEND | O_WRONLY | O_CREAT, O_TMPFILE | O_RDWR };

	switch (draw(12)) {
	case 0: case 1: Open(name(), flags[draw(10)], 0644 | draw(2) << 6); break;
	case 2: Close(3 + draw(12)); break;
	case 3: Read(3 + draw(9), buffer(), draw(30000)); break;
	case 4: Write(3 + draw(9), buffer(), draw(30000)); break;
	case 5: Pwrite(fd(), buffer(), draw(9000), draw(3) ? draw(50000) : 1l << draw(50)); break;
	case 6: Pread(fd(), buffer(), draw(9000), draw(3) ? draw(50000) : 1l << draw(50)); break;
	case 7: Ftruncate(fd(), draw(3) ? draw(30000) : 1l << draw(62)); break;
	case 8: Lseek(fd(), (long)draw(100000) - 50000, draw(6)); break;
	case 9: Dup2(fd(), 3 + draw(10)); break;
	case 10: Sendfile(fd(), fd(), draw(2) ? buffer() : NULL, draw(60000)); break;
	case 11: CALL4(285, fd(), draw(4), draw(20000), draw(20000)); break;
	}
}

static void names_call(void)
{
	struct linux_stat s;

	switch (draw(16)) {
	case 0: Mkdir(name(), 0755); break;
	case 1: Rmdir(name()); break;
	case 2: case 3: Unlink(name()); break;
	case 4: Rename(name(), name()); break;
	case 5: Renameat2(AT_FDCWD, name(), fd(), name(), draw(4)); break;
	case 6: Link(name(), name()); break;
	case 7: Symlink(draw(2) ? inner() : "a/b", draw(2) ? name() : "l"); break;
	case 8: Stat(name(), &s); break;
	case 9: Lstat(name(), &s); break;
	case 10: Readlink(name(), buffer(), draw(100)); break;
	case 11: Getdents(fd(), buffer(), draw(3000)); break;
	case 12: Chdir(draw(3) ? inner() : "/tmp/f"); break;
	case 13: Getcwd(buffer(), draw(100)); break;
	case 14: Linkat(fd(), name(), AT_FDCWD, name(), AT_EMPTY_PATH); break;
	case 15: Chmod(name(), draw(010000)); break;
	}
}

static void mounts_call(void)
{
	switch (draw(5)) {
	case 0: Mount("x", inner(), draw(4) ? "tmpfs" : "proc", 0, "size=40k"); break;
	case 1: Mount("a", draw(2) ? "m" : inner(), "", MS_BIND, NULL); break;
	case 2: case 3: Umount(draw(2) ? "m" : inner()); break;
	case 4: Mkdir("m", 0755); break;
	}
}

/* Removes everything below a directory, through the calls. */
static void clear(const char *dir, unsigned depth)
{
	char list[4096] __attribute__((aligned(8))), path[512];
	long f, n, at;

	for (;;) {
		f = Open(dir, O_RDONLY | O_DIRECTORY, 0);
		n = Getdents(f, list, sizeof list);
		Close(f);
		for (at = 0; at < n; at += ((struct linux_dirent64 *)(list + at))->reclen) {
			struct linux_dirent64 *d = (struct linux_dirent64 *)(list + at);

			if (!strcmp(d->name, ".") || !strcmp(d->name, ".."))
				continue;
			format(path, sizeof path, "%s/%s", dir, d->name);
			if (Unlink(path) == -EISDIR && depth < 20) {
				clear(path, depth + 1);
				CHECK(Rmdir(path) == 0);
			}
		}
		if (n <= 48) /* "." and ".." alone */
			return;
	}
}

static void clean(void)
{
	struct mount *m = vfs_state()->mounts;
	char buf[PATH_MAX], *s;
	unsigned count;
	long r;

	CHECK(CALL3(436, 3, ~0u, 0) == 0);
	CHECK(Chdir("/") == 0);
	for (;;) { /* the newest mounts first */
		for (count = 0, m = vfs_state()->mounts; m->next; m = m->next)
			count++;
		if (count == 3)
			break;
		s = path_text(&m->at, buf, sizeof buf);
		r = s ? Umount(s) : -ENOENT;
		CHECK(r == 0);
		if (r < 0)
			return;
	}
	clear("/tmp/f", 0);
	CHECK(Rmdir("/tmp/f") == 0);
}

/* A copy of the terminal's descriptor may be read. */
static void press_return(void)
{
	tty_input(tty_of(0), '\n');
}

void tests_at_random(void)
{
	size_t pages, i;

	begin("vfs/random calls");
	pages = shim_pages_used();
	shim_on_block = press_return;
	for (seed = 1; seed < 9; seed++) {
		uint64_t start = seed;

		CHECK(Mkdir("/tmp/f", 0755) == 0 && Chdir("/tmp/f") == 0);
		for (i = 0; i < CALLS; i++) {
			unsigned kind = draw(20);

			if (kind < 10)
				files_call();
			else if (kind < 19)
				names_call();
			else
				mounts_call();
		}
		clean();
		CHECK(shim_pages_used() == pages);
		seed = start;
	}
}
