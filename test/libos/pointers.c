/* SPDX-License-Identifier: MIT
 *
 * Bad pointers: each call that takes one answers EFAULT, whatever the pointer's kind,
 * and changes nothing. One verdict for each row of the table.
 */
#define _GNU_SOURCE
#include "kit.h"
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FD 100          /* a file of 8 KiB                                       */
#define DIR 101         /* the folder it is in                                   */
#define OTHER 102       /* another file                                          */
#define SIZE 8192
#define BAD 0x5ad       /* stands for the pointer under test                     */
#define NAME ((long)"f")
#define NEW ((long)"new")
#define HERE ((long)good)

/* READS: the kernel reads what the pointer points to; WRITES: it writes there, so memory that
 * cannot be written is bad too; NULL_IS_FINE: a null pointer means something; PARTIAL: what fits
 * may be done; ALIGNED: an odd address is another mistake. */
enum { READS = 0, WRITES = 1, NULL_IS_FINE = 2, PARTIAL = 4, ALIGNED = 8 };

struct row { const char *name; long number, arg[6]; int kind; };

static char good[SIZE] __attribute__((aligned(16)));

#define ROW(call, kind, ...) { #call, SYS_##call, { __VA_ARGS__ }, kind }
static struct row rows[] = {
    ROW(read, WRITES | PARTIAL, FD, BAD, 16), ROW(write, READS, FD, BAD, 16), ROW(open, READS, BAD, O_RDONLY),
    ROW(open, READS, BAD, O_CREAT | O_RDWR, 0600), ROW(stat, READS, BAD, HERE), ROW(stat, WRITES, NAME, BAD),
    ROW(fstat, WRITES, FD, BAD), ROW(lstat, READS, BAD, HERE), ROW(lstat, WRITES, NAME, BAD), ROW(poll, WRITES, BAD, 1, 0),
    ROW(rt_sigaction, READS | NULL_IS_FINE, 10, BAD, 0, 8), ROW(rt_sigaction, WRITES | NULL_IS_FINE, 10, 0, BAD, 8),
    ROW(rt_sigprocmask, READS | NULL_IS_FINE, 0, BAD, 0, 8), ROW(rt_sigprocmask, WRITES | NULL_IS_FINE, 0, 0, BAD, 8),
    ROW(pread64, WRITES | PARTIAL, FD, BAD, 16, 0), ROW(pwrite64, READS, FD, BAD, 16, 0), ROW(readv, READS, FD, BAD, 2),
    ROW(writev, READS, FD, BAD, 2), ROW(preadv, READS, FD, BAD, 1, 0, 0), ROW(pwritev, READS, FD, BAD, 1, 0, 0),
    ROW(access, READS, BAD, F_OK), ROW(select, READS | NULL_IS_FINE, 64, BAD, 0, 0, HERE),
    ROW(nanosleep, READS, BAD, 0), ROW(clock_nanosleep, READS, 1, 0, BAD, 0),
    ROW(sendfile, READS | NULL_IS_FINE, FD, FD, BAD, 1),
    ROW(execve, READS, BAD, 0, 0), ROW(execve, READS | NULL_IS_FINE, (long)"/bin/busybox", BAD, 0),
    ROW(execve, READS | NULL_IS_FINE, (long)"/bin/busybox", 0, BAD), ROW(uname, WRITES, BAD), ROW(truncate, READS, BAD, 1),
    ROW(getcwd, WRITES, BAD, PATH_MAX), ROW(chdir, READS, BAD), ROW(rename, READS, BAD, NEW), ROW(rename, READS, NAME, BAD),
    ROW(mkdir, READS, BAD, 0755), ROW(rmdir, READS, BAD), ROW(creat, READS, BAD, 0644), ROW(link, READS, BAD, NEW),
    ROW(link, READS, NAME, BAD), ROW(unlink, READS, BAD), ROW(symlink, READS, BAD, NEW), ROW(symlink, READS, NAME, BAD),
    ROW(readlink, READS, BAD, HERE, 16), ROW(readlink, WRITES, (long)"l", BAD, 16), ROW(chmod, READS, BAD, 0600),
    ROW(chown, READS, BAD, 0, 0), ROW(lchown, READS, BAD, 0, 0), ROW(gettimeofday, WRITES | NULL_IS_FINE, BAD, 0),
    ROW(getrlimit, WRITES, 7, BAD), ROW(setrlimit, READS, 7, BAD), ROW(getrusage, WRITES, 0, BAD),
    ROW(sysinfo, WRITES, BAD),
    ROW(times, WRITES | NULL_IS_FINE, BAD), ROW(setgroups, READS, 1, BAD), ROW(getresuid, WRITES, BAD, HERE, HERE),
    ROW(getresuid, WRITES, HERE, BAD, HERE), ROW(getresuid, WRITES, HERE, HERE, BAD), ROW(getresgid, WRITES, BAD, HERE, HERE),
    ROW(rt_sigpending, WRITES, BAD, 8), ROW(sigaltstack, READS | NULL_IS_FINE, BAD, 0),
    ROW(sigaltstack, WRITES | NULL_IS_FINE, 0, BAD), ROW(utime, READS, BAD, 0), ROW(utime, READS | NULL_IS_FINE, NAME, BAD),
    ROW(mknod, READS, BAD, S_IFREG | 0600, 0), ROW(statfs, READS, BAD, HERE), ROW(statfs, WRITES, NAME, BAD),
    ROW(fstatfs, WRITES, FD, BAD), ROW(prctl, WRITES, PR_GET_NAME, BAD), ROW(prctl, READS, PR_SET_NAME, BAD),
    ROW(chroot, READS, BAD), ROW(mount, READS, (long)"none", BAD, (long)"tmpfs", 0, 0), ROW(umount2, READS, BAD, 0),
    ROW(sethostname, READS, BAD, 3), ROW(time, WRITES | NULL_IS_FINE, BAD), ROW(futex, READS | ALIGNED, BAD, 128, 0, 0),
    ROW(sched_setaffinity, READS, 0, 8, BAD), ROW(sched_getaffinity, WRITES, 0, 128, BAD),
    ROW(getdents64, WRITES, DIR, BAD, 4096), ROW(clock_gettime, WRITES, 1, BAD), ROW(clock_gettime, WRITES, 0, BAD),
    ROW(clock_getres, WRITES | NULL_IS_FINE, 1, BAD), ROW(utimes, READS, BAD, 0), ROW(utimes, READS | NULL_IS_FINE, NAME, BAD),
    ROW(openat, READS, DIR, BAD, O_RDONLY), ROW(mkdirat, READS, DIR, BAD, 0755), ROW(mknodat, READS, DIR, BAD, S_IFREG, 0),
    ROW(fchownat, READS, DIR, BAD, 0, 0, 0), ROW(newfstatat, READS, DIR, BAD, HERE, 0),
    ROW(newfstatat, WRITES, DIR, NAME, BAD, 0),
    ROW(unlinkat, READS, DIR, BAD, 0), ROW(renameat, READS, DIR, BAD, DIR, NEW), ROW(renameat, READS, DIR, NAME, DIR, BAD),
    ROW(linkat, READS, DIR, BAD, DIR, NEW, 0), ROW(linkat, READS, DIR, NAME, DIR, BAD, 0), ROW(symlinkat, READS, BAD, DIR, NEW),
    ROW(symlinkat, READS, NAME, DIR, BAD), ROW(readlinkat, READS, DIR, BAD, HERE, 16),
    ROW(readlinkat, WRITES, DIR, (long)"l", BAD, 16), ROW(fchmodat, READS, DIR, BAD, 0600), ROW(faccessat, READS, DIR, BAD, 0),
    ROW(pselect6, READS | NULL_IS_FINE, 64, BAD, 0, 0, HERE, 0), ROW(ppoll, WRITES, BAD, 1, HERE, 0, 8),
    ROW(utimensat, READS | NULL_IS_FINE, DIR, NAME, BAD, 0), ROW(prlimit64, WRITES | NULL_IS_FINE, 0, 7, 0, BAD),
    ROW(prlimit64, READS | NULL_IS_FINE, 0, 7, BAD, 0), ROW(renameat2, READS, DIR, BAD, DIR, NEW, 0),
    ROW(getrandom, WRITES | PARTIAL, BAD, 16, 0), ROW(copy_file_range, READS | NULL_IS_FINE, FD, BAD, OTHER, HERE, 1, 0),
    ROW(statx, READS, DIR, BAD, 0, 0x7ff, HERE), ROW(statx, WRITES, DIR, NAME, 0, 0x7ff, BAD),
    ROW(faccessat2, READS, DIR, BAD, 0, 0),
    ROW(getcpu, WRITES | NULL_IS_FINE, BAD, 0, 0), ROW(fcntl, READS, FD, F_GETLK, BAD), ROW(arch_prctl, WRITES, 0x1003, BAD),
};

struct pointer { const char *name; unsigned long address; };
static struct pointer pointers[] = {
    { "null", 0 }, { "page zero", 0x10 }, { "unmapped", 0x100000000000 + (1ul << 43) }, { "self-map", 0x7f8000000000 },
    { "window", 0x700000400000 }, { "arena", 0x710000000000 }, { "arena's middle", 0x710000000100 },
    { "information page", 0x710002000000 }, { "vCPU page", 0x710003000000 }, { "non-canonical", 0x800000000000 },
    { "kernel", 0xffffffff80000000 }, { "last byte", ~0ul }, { "no access", 0 }, { "page's end", 0 }, { "read-only", 0 },
};
enum { KERNEL = 10, LAST_BYTE, NO_ACCESS, PAGE_END, READ_ONLY, POINTERS };

static void make_pointers(void)
{
    const size_t page = 4096;
    char *p = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    memset(p, 'x', 4 * page);
    CHECK(mprotect(p + page, page, PROT_NONE) == 0 && mprotect(p + 3 * page, page, PROT_READ) == 0);
    pointers[NO_ACCESS].address = (unsigned long)(p + page);
    pointers[PAGE_END].address = (unsigned long)(p + page - 1);
    pointers[READ_ONLY].address = (unsigned long)(p + 3 * page);
}

static long call(const struct row *r, unsigned long pointer)
{
    long a[6];

    for (int i = 0; i < 6; i++)
        a[i] = r->arg[i] == BAD ? (long)pointer : r->arg[i];
    memset(good, 0, 64);
    errno = 0;
    return syscall(r->number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* What a failed call may not have changed. */
static bool unchanged(void)
{
    static char now[SIZE + 1];
    struct stat st;

    if (stat("f", &st) < 0 || st.st_size != SIZE || (st.st_mode & 0777) != 0644 || access("new", F_OK) == 0)
        return false;
    if (pread(FD, now, sizeof now, 0) != SIZE)
        return false;
    for (int i = 0; i < SIZE; i++)
        if (now[i] != 'x')
            return false;
    return true;
}

static bool applies(const struct row *r, int i)
{
    /* One byte from the page's end a number or structure must fail, but a string could be "". */
    if (i == PAGE_END)
        return r->kind & WRITES && !(r->kind & PARTIAL) && r->number != SYS_getcwd;
    if (i == LAST_BYTE && r->kind & ALIGNED)
        return false;
    return !(i == 0 && r->kind & NULL_IS_FINE) && !(i == READ_ONLY && !(r->kind & WRITES));
}

static void each_call(void)
{
    char *big = memset(good, 'x', SIZE);
    int fd = make_file("f", big, SIZE);

    CHECK(dup2(fd, FD) == FD && dup2(open(".", O_RDONLY | O_DIRECTORY), DIR) == DIR && symlink("target", "l") == 0);
    CHECK(dup2(make_file("other", "", 0), OTHER) == OTHER);
    make_pointers();
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        const struct row *r = &rows[k];
        const char *bad = NULL;
        long result = 0, error = 0;
        char name[64];

        for (int i = 0; i < POINTERS && !bad; i++) {
            if (!applies(r, i))
                continue;
            result = call(r, pointers[i].address);
            error = errno;
            if (result != -1 || error != EFAULT || !unchanged())
                bad = pointers[i].name;
        }
        snprintf(name, sizeof name, "%s-%zu", r->name, k);
        test_tell(!bad, name, "pointer %s: %ld, errno %ld, file %s", bad, result, error, unchanged() ? "unchanged" : "changed");
    }
}

/* A vector's buffers are pointers as well; what came before a bad one has been moved. */
static void vectors(void)
{
    struct iovec v[2] = { { good, 4 }, { NULL, 4 } };
    char text[8] = "";
    int fd = make_file("f", "12345678", 8);

    make_pointers();
    for (int i = 0; i < POINTERS; i++) {
        if (i == PAGE_END)
            continue;
        v[1].iov_base = (void *)pointers[i].address;
        EQUAL(lseek(fd, 0, SEEK_SET), 0);
        if (pointers[i].address < pointers[KERNEL - 1].address) /* Linux looks at the others first */
            EQUAL(readv(fd, v, 2), 4);
        FAILS(readv(fd, v + 1, 1), EFAULT);
    }
    EQUAL(pread(fd, text, 8, 0), 8);
    CHECK(!memcmp(text, "12345678", 8));
}

/* A transfer that runs into a bad page may be cut short or fail, but what it says is what it did. */
static void half_good_buffers(void)
{
    int fd = make_file("f", good, SIZE), to = make_file("to", "", 0);
    char *page;
    long n;

    make_pointers();
    page = (char *)pointers[NO_ACCESS].address;
    n = read(fd, page - 100, 4000);
    CHECK(n == 100 || (n == -1 && errno == EFAULT));
    EQUAL(lseek(fd, 0, SEEK_CUR), n > 0 ? n : 0);
    n = write(to, page - 100, 4000);
    CHECK(n == 100 || (n == -1 && errno == EFAULT));
    EQUAL(lseek(to, 0, SEEK_END), n > 0 ? n : 0);
    FAILS(write(to, page, 10), EFAULT);
    EQUAL(lseek(to, 0, SEEK_END), n > 0 ? n : 0);
}

int main(void)
{
    static const struct test tests[] = { TEST(each_call), TEST(vectors), TEST(half_good_buffers) };

    return TESTS(tests);
}
