/* SPDX-License-Identifier: MIT
 *
 * Mappings: of zero pages and files, split, moved, protected, and those that are refused.
 */
#define _GNU_SOURCE
#include "kit.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096l
#define RW (PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)

static char *map(long pages, int prot, int flags)
{
    char *p = mmap(NULL, (size_t)(pages * PAGE), prot, flags, -1, 0);

    CHECK(p != MAP_FAILED);
    return p;
}

/* Whether a page may be read or written, as a system call finds it. */
static bool readable(const char *p)
{
    static int fd = -1;

    if (fd < 0 || fcntl(fd, F_GETFD) < 0)
        fd = make_file("probe", "", 0);
    return pwrite(fd, p, 1, 0) == 1;
}

static bool writable(char *p)
{
    int fd = make_file("byte", p, 1);
    bool yes = pread(fd, p, 1, 0) == 1;

    close(fd);
    return yes;
}

static void fresh_pages_are_zero(void)
{
    char *p = map(300, RW, PRIVATE);

    for (long i = 0; i < 300 * PAGE; i += 8)
        CHECK(*(long *)(p + i) == 0);
    memset(p, 1, 300 * PAGE);
    CHECK(munmap(p, 300 * PAGE) == 0 && !readable(p));
    p = map(300, RW, PRIVATE);
    for (long i = 0; i < 300 * PAGE; i += 8)
        CHECK(*(long *)(p + i) == 0);
}

static void unmapping_splits(void)
{
    char *p = map(8, RW, PRIVATE);

    for (int i = 0; i < 8; i++)
        p[i * PAGE] = (char)(i + 1);
    CHECK(munmap(p + 2 * PAGE, PAGE) == 0 && munmap(p + 5 * PAGE, 2 * PAGE) == 0);
    for (int i = 0; i < 8; i++)
        if (i == 2 || i == 5 || i == 6)
            CHECK(!readable(p + i * PAGE));
        else
            EQUAL(p[i * PAGE], i + 1);
    CHECK(munmap(p, 8 * PAGE) == 0 && munmap(p, 8 * PAGE) == 0);
    CHECK(!readable(p) && !readable(p + 7 * PAGE));
}

static void protection(void)
{
    char *p = map(4, RW, PRIVATE);

    memset(p, 'x', 4 * PAGE);
    CHECK(mprotect(p + PAGE, PAGE, PROT_READ) == 0 && mprotect(p + 2 * PAGE, PAGE, PROT_NONE) == 0);
    CHECK(writable(p) && readable(p + PAGE) && !writable(p + PAGE) && !readable(p + 2 * PAGE) && writable(p + 3 * PAGE));
    CHECK(mprotect(p, 4 * PAGE, RW) == 0 && writable(p + 2 * PAGE));
    for (long i = 0; i < 4 * PAGE; i++)
        CHECK(p[i] == 'x');
    FAILS(syscall(SYS_mprotect, p + 1, PAGE, RW), EINVAL);
    CHECK(munmap(p + PAGE, PAGE) == 0);
    FAILS(mprotect(p, 3 * PAGE, PROT_READ), ENOMEM);
    FAILS(mprotect((void *)(1ul << 46), PAGE, RW), ENOMEM);
    EQUAL(mprotect(p, 0, RW), 0);
}

static void execution(void)
{
    static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 }; /* mov eax, 42; ret */
    char *p = map(1, RW, PRIVATE);

    memcpy(p, code, sizeof code);
    CHECK(mprotect(p, PAGE, PROT_READ | PROT_EXEC) == 0);
    EQUAL(((int (*)(void))p)(), 42);
    CHECK(!writable(p));
}

static void fixed_over_others(void)
{
    char *p = map(6, RW, PRIVATE);

    memset(p, 'o', 6 * PAGE);
    CHECK(mmap(p + 2 * PAGE, 2 * PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0) == p + 2 * PAGE);
    CHECK(p[2 * PAGE - 1] == 'o' && p[2 * PAGE] == 0 && p[4 * PAGE - 1] == 0 && p[4 * PAGE] == 'o');
    CHECK(!writable(p + 3 * PAGE) && writable(p + 4 * PAGE));
    CHECK(mmap(p, PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED && errno == EEXIST);
    CHECK(mmap(p + 1, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(p, PAGE, RW, PRIVATE, -1, 0) != p);
}

static void refused(void)
{
    int fd = make_file("f", "x", 1), only = open("f", O_RDONLY), folder = open(".", O_RDONLY);

    CHECK(mmap(NULL, 0, RW, PRIVATE, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, 900, 0) == MAP_FAILED && errno == EBADF);
    CHECK(syscall(SYS_mmap, NULL, PAGE, RW, MAP_SHARED, fd, 1) == -1 && errno == EINVAL);
    CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, only, 0) == MAP_FAILED && errno == EACCES);
    CHECK(mmap(NULL, PAGE, RW, MAP_PRIVATE, only, 0) != MAP_FAILED);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, open("f", O_WRONLY), 0) == MAP_FAILED && errno == EACCES);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, folder, 0) == MAP_FAILED && errno == ENODEV);
    CHECK(syscall(SYS_mmap, NULL, 1ul << 62, RW, PRIVATE, -1, 0) == -1 && errno == ENOMEM);
    CHECK(syscall(SYS_mmap, NULL, ~0ul, RW, PRIVATE, -1, 0) == -1 && errno == ENOMEM);
    FAILS(munmap(NULL, 0), EINVAL);
    FAILS(munmap((char *)1, PAGE), EINVAL);
    FAILS(syscall(SYS_munmap, PAGE, ~0ul), EINVAL);
}

static void shared_with_a_file(void)
{
    int fd = make_file("f", "hello", 5);
    char *p = mmap(NULL, (size_t)PAGE, RW, MAP_SHARED, fd, 0), *q = mmap(NULL, (size_t)PAGE, PROT_READ, MAP_SHARED, fd, 0);
    char text[8] = "";

    CHECK(p != MAP_FAILED && q != MAP_FAILED && p[5] == 0 && p[PAGE - 1] == 0);
    memcpy(p, "J", 1);
    CHECK(pread(fd, text, 8, 0) == 5 && !memcmp(text, "Jello", 5) && q[0] == 'J');
    CHECK(pwrite(fd, "y", 1, 1) == 1 && p[1] == 'y' && q[1] == 'y');
    close(fd);
    CHECK(unlink("f") == 0);
    p[2] = 'L';
    CHECK(!memcmp(q, "JyLlo", 5));
}

static void private_of_a_file(void)
{
    int fd = make_file("f", "hello", 5);
    char *p = mmap(NULL, (size_t)PAGE, RW, MAP_PRIVATE, fd, 0);
    char text[8] = "";

    CHECK(p != MAP_FAILED && !memcmp(p, "hello", 5));
    p[0] = 'J';
    CHECK(pread(fd, text, 8, 0) == 5 && !memcmp(text, "hello", 5));
    CHECK(pwrite(fd, "HELLO", 5, 0) == 5 && p[0] == 'J');
}

static void moving(void)
{
    char *p = map(4, RW, PRIVATE), *q;

    for (int i = 0; i < 4; i++)
        p[i * PAGE] = (char)(i + 1);
    CHECK(mremap(p, 4 * PAGE, 2 * PAGE, 0) == p && !readable(p + 2 * PAGE) && p[PAGE] == 2);
    q = mremap(p, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED && q[0] == 1 && q[PAGE] == 2 && q[2 * PAGE] == 0 && q[64 * PAGE - 1] == 0);
    p = map(64, RW, PRIVATE);
    CHECK(mremap(q, 64 * PAGE, 64 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p && p[PAGE] == 2 && !readable(q));
    CHECK(mmap(p + 60 * PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0) == p + 60 * PAGE);
    CHECK(mremap(p, PAGE, 2 * PAGE, 0) == MAP_FAILED && errno == ENOMEM);
    CHECK(mremap(p + 1, PAGE, PAGE, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(q, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
    CHECK(mremap(p, PAGE, 0, 0) == MAP_FAILED && errno == EINVAL);
}

static void the_break(void)
{
    char *start = (char *)syscall(SYS_brk, 0);

    CHECK(syscall(SYS_brk, start + 100000) == (long)(start + 100000));
    for (int i = 0; i < 100000; i++)
        CHECK(start[i] == 0);
    memset(start, 1, 100000);
    CHECK(syscall(SYS_brk, start) == (long)start);
    CHECK(syscall(SYS_brk, start + 100000) == (long)(start + 100000) && start[70000] == 0);
    CHECK(syscall(SYS_brk, 16) == (long)(start + 100000));
    CHECK(syscall(SYS_brk, 1ul << 46) == (long)(start + 100000));
    CHECK(syscall(SYS_brk, start) == (long)start);
}

static void dropping_pages(void)
{
    char *p = map(4, RW, PRIVATE);

    memset(p, 'x', 4 * PAGE);
    CHECK(madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED) == 0);
    CHECK(p[0] == 'x' && p[PAGE] == 0 && p[3 * PAGE - 1] == 0 && p[3 * PAGE] == 'x');
    FAILS(madvise(p + 1, PAGE, MADV_DONTNEED), EINVAL);
    FAILS(madvise(p, PAGE, 9999), EINVAL);
}

int main(void)
{
    static const struct test tests[] = { TEST(fresh_pages_are_zero), TEST(unmapping_splits), TEST(protection),
        TEST(execution), TEST(fixed_over_others), TEST(refused), TEST(shared_with_a_file), TEST(private_of_a_file),
        TEST(moving), TEST(the_break), TEST(dropping_pages) };

    return TESTS(tests);
}
