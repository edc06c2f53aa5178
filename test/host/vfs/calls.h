/* SPDX-License-Identifier: MIT
 *
 * The handlers under test, called as musl would: through the table.
 */
#ifndef CALLS_H
#define CALLS_H
#include "posix/posix.h"
#include "shim.h"

static inline long call(int n, long a, long b, long c, long d, long e, long f)
{
	long r = exo_syscalls[n](a, b, c, d, e, f);

	CHECK(shim_sections_closed());
	return r;
}
#define L(x) (long)(x)
#define CALL0(n) call(n, 0, 0, 0, 0, 0, 0)
#define CALL1(n, a) call(n, L(a), 0, 0, 0, 0, 0)
#define CALL2(n, a, b) call(n, L(a), L(b), 0, 0, 0, 0)
#define CALL3(n, a, b, c) call(n, L(a), L(b), L(c), 0, 0, 0)
#define CALL4(n, a, b, c, d) call(n, L(a), L(b), L(c), L(d), 0, 0)
#define CALL5(n, a, b, c, d, e) call(n, L(a), L(b), L(c), L(d), L(e), 0)
#define CALL6(n, a, b, c, d, e, f) call(n, L(a), L(b), L(c), L(d), L(e), L(f))

#define Read(fd, p, n) CALL3(0, fd, p, n)
#define Write(fd, p, n) CALL3(1, fd, p, n)
#define Open(p, f, m) CALL3(2, p, f, m)
#define Close(fd) CALL1(3, fd)
#define Stat(p, s) CALL2(4, p, s)
#define Fstat(fd, s) CALL2(5, fd, s)
#define Lstat(p, s) CALL2(6, p, s)
#define Poll(p, n, t) CALL3(7, p, n, t)
#define Lseek(fd, o, w) CALL3(8, fd, o, w)
#define Ioctl(fd, r, p) CALL3(16, fd, r, p)
#define Pread(fd, p, n, o) CALL4(17, fd, p, n, o)
#define Pwrite(fd, p, n, o) CALL4(18, fd, p, n, o)
#define Access(p, m) CALL2(21, p, m)
#define Dup(fd) CALL1(32, fd)
#define Dup2(a, b) CALL2(33, a, b)
#define Sendfile(o, i, p, n) CALL4(40, o, i, p, n)
#define Fcntl(fd, c, a) CALL3(72, fd, c, a)
#define Truncate(p, n) CALL2(76, p, n)
#define Ftruncate(fd, n) CALL2(77, fd, n)
#define Getcwd(p, n) CALL2(79, p, n)
#define Chdir(p) CALL1(80, p)
#define Rename(a, b) CALL2(82, a, b)
#define Mkdir(p, m) CALL2(83, p, m)
#define Rmdir(p) CALL1(84, p)
#define Link(a, b) CALL2(86, a, b)
#define Unlink(p) CALL1(87, p)
#define Symlink(a, b) CALL2(88, a, b)
#define Readlink(p, b, n) CALL3(89, p, b, n)
#define Chmod(p, m) CALL2(90, p, m)
#define Mknod(p, m, d) CALL3(133, p, m, d)
#define Mount(s, t, f, fl, d) CALL5(165, s, t, f, fl, d)
#define Umount(p) CALL2(166, p, 0)
#define Getdents(fd, p, n) CALL3(217, fd, p, n)
#define Linkat(a, b, c, d, f) CALL5(265, a, b, c, d, f)
#define Renameat2(a, b, c, d, f) CALL5(316, a, b, c, d, f)

/* main.c */
void put_file(const char *name, const char *text);
bool holds(const char *name, const char *text);
/* Lists a directory with a buffer of size bytes; counts names like n012 in seen[12]. */
unsigned list(const char *dir, size_t size, char *seen);

void tests_of_archive(void), tests_of_names(void), tests_of_files(void), tests_at_random(void), tests_of_terminal(void);
#endif
