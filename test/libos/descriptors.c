/* SPDX-License-Identifier: MIT
 *
 * Descriptors: numbers, copies, flags, their limit.
 */
#define _GNU_SOURCE
#include "kit.h"
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIMIT 1024

static void lowest_number_first(void)
{
    int a = make_file("f", "x", 1), b = open("f", O_RDONLY), c = open("f", O_RDONLY);

    EQUAL(a, 3);
    EQUAL(b, 4);
    EQUAL(c, 5);
    CHECK(close(b) == 0);
    EQUAL(open("f", O_RDONLY), 4);
    FAILS(close(77), EBADF);
    FAILS(close(-1), EBADF);
    CHECK(close(a) == 0);
    FAILS(close(a), EBADF);
    EQUAL(dup(c), 3);
    EQUAL(fcntl(c, F_DUPFD, 100), 100);
    EQUAL(fcntl(c, F_DUPFD, 100), 101);
    FAILS(fcntl(c, F_DUPFD, LIMIT), EINVAL);
    FAILS(fcntl(c, F_DUPFD, -1), EINVAL);
    FAILS(fcntl(c, 12345, 0), EINVAL);
}

static void copies_share_the_offset(void)
{
    int a = make_file("f", "0123456789", 10), b = dup(a), c = open("f", O_RDONLY);
    char text[4];

    EQUAL(read(a, text, 3), 3);
    EQUAL(lseek(b, 0, SEEK_CUR), 3);
    EQUAL(lseek(c, 0, SEEK_CUR), 0);
    CHECK(close(a) == 0);
    EQUAL(read(b, text, 1), 1);
    EQUAL(text[0], '3');
    EQUAL(fcntl(b, F_GETFL) & O_ACCMODE, O_RDWR);
    EQUAL(fcntl(c, F_GETFL) & O_ACCMODE, O_RDONLY);
}

static void dup2_and_dup3(void)
{
    int a = make_file("f", "a", 1), b = make_file("g", "b", 1);
    char c;

    EQUAL(dup2(a, b), b);
    CHECK(pread(b, &c, 1, 0) == 1 && c == 'a');
    EQUAL(dup2(a, a), a);
    EQUAL(dup2(a, 500), 500);
    FAILS(dup2(99, 5), EBADF);
    FAILS(dup2(a, LIMIT), EBADF);
    FAILS(dup2(a, -1), EBADF);
    FAILS(dup3(a, a, 0), EINVAL);
    FAILS(syscall(SYS_dup3, a, 9, O_APPEND), EINVAL);
    EQUAL(dup3(a, 9, O_CLOEXEC), 9);
    EQUAL(fcntl(9, F_GETFD), FD_CLOEXEC);
}

static void close_on_exec_flag(void)
{
    int a = open("f", O_CREAT | O_RDWR | O_CLOEXEC, 0600), b = dup(a);

    EQUAL(fcntl(a, F_GETFD), FD_CLOEXEC);
    EQUAL(fcntl(b, F_GETFD), 0);
    CHECK(fcntl(b, F_SETFD, FD_CLOEXEC) == 0);
    EQUAL(fcntl(b, F_GETFD), FD_CLOEXEC);
    EQUAL(dup2(a, b), b);
    EQUAL(fcntl(b, F_GETFD), 0);
    EQUAL(fcntl(fcntl(a, F_DUPFD_CLOEXEC, 50), F_GETFD), FD_CLOEXEC);
    FAILS(fcntl(88, F_GETFD), EBADF);
}

static void all_of_them(void)
{
    int n, last = -1, fd = make_file("f", "shared", 6);
    char text[6];

    for (n = 4; (fd = open("f", O_RDONLY)) >= 0; n++)
        last = fd;
    EQUAL(errno, EMFILE);
    EQUAL(n, LIMIT);
    EQUAL(last, LIMIT - 1);
    FAILS(dup(0), EMFILE);
    FAILS(fcntl(0, F_DUPFD, 3), EMFILE);
    FAILS(open("new", O_CREAT | O_WRONLY, 0600), EMFILE);
    CHECK(access("new", F_OK) < 0);
    CHECK(pread(last, text, 6, 0) == 6 && !memcmp(text, "shared", 6));
    EQUAL(dup2(3, last), last);
    CHECK(close(700) == 0);
    EQUAL(open("f", O_RDONLY), 700);
}

static void close_ranges(void)
{
    make_file("f", "x", 1);
    for (int fd = 10; fd < 20; fd++)
        EQUAL(dup2(3, fd), fd);
    EQUAL(syscall(SYS_close_range, 12, 14, 0), 0);
    CHECK(fcntl(11, F_GETFD) == 0 && fcntl(12, F_GETFD) < 0 && fcntl(14, F_GETFD) < 0 && fcntl(15, F_GETFD) == 0);
    EQUAL(syscall(SYS_close_range, 16, ~0u, 4), 0);
    CHECK(fcntl(15, F_GETFD) == 0 && fcntl(19, F_GETFD) == FD_CLOEXEC);
    FAILS(syscall(SYS_close_range, 9, 8, 0), EINVAL);
    FAILS(syscall(SYS_close_range, 8, 9, 0x80), EINVAL);
    EQUAL(syscall(SYS_close_range, 3, ~0u, 0), 0);
    EQUAL(open("f", O_RDONLY), 3);
}

static void lower_limits(void)
{
    struct rlimit before, less = { 8, 1024 };

    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(setrlimit(RLIMIT_NOFILE, &less) == 0);
    for (int fd = 3; fd < 8; fd++)
        EQUAL(open("/", O_RDONLY), fd);
    FAILS(open("/", O_RDONLY), EMFILE);
    less.rlim_cur = 2000;
    FAILS(setrlimit(RLIMIT_NOFILE, &less), EINVAL);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    EQUAL(open("/", O_RDONLY), 8);
}

static void bad_numbers(void)
{
    static const long calls[] = { SYS_read, SYS_write, SYS_fstat, SYS_lseek, SYS_ioctl, SYS_pread64, SYS_pwrite64,
        SYS_readv, SYS_writev, SYS_dup, SYS_fcntl, SYS_fsync, SYS_fdatasync, SYS_ftruncate, SYS_fchdir, SYS_fchmod,
        SYS_fchown, SYS_getdents64, SYS_fstatfs, SYS_preadv, SYS_pwritev, SYS_syncfs, SYS_fallocate };
    static char memory[256];

    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        static const int bad[] = { 3, -1, LIMIT, 0x7fffffff };

        for (int k = 0; k < 4; k++) {
            errno = 0;
            if (syscall(calls[i], bad[k], memory, 1, 1, 0, 0) != -1 || errno != EBADF)
                test_fail("call %ld with descriptor %d: errno %d", calls[i], bad[k], errno);
        }
    }
}

static void polling(void)
{
    int file = make_file("f", "x", 1);
    struct pollfd p[3] = { { file, POLLIN | POLLOUT, 7 }, { 900, POLLIN, 7 }, { -1, POLLIN, 7 } };
    struct timeval none = { 0, 0 };
    fd_set set;

    EQUAL(poll(p, 3, 0), 2);
    EQUAL(p[0].revents, POLLIN | POLLOUT);
    EQUAL(p[1].revents, POLLNVAL);
    EQUAL(p[2].revents, 0);
    EQUAL(poll(p + 2, 1, 10), 0);
    EQUAL(poll(NULL, 0, 10), 0);
    FD_ZERO(&set);
    FD_SET(file, &set);
    EQUAL(select(file + 1, &set, NULL, NULL, &none), 1);
    CHECK(FD_ISSET(file, &set));
    FD_SET(900, &set);
    FAILS(select(901, &set, NULL, NULL, &none), EBADF);
    FAILS(select(-1, NULL, NULL, NULL, &none), EINVAL);
}

int main(void)
{
    static const struct test tests[] = { TEST(lowest_number_first), TEST(copies_share_the_offset), TEST(dup2_and_dup3),
        TEST(close_on_exec_flag), TEST(all_of_them), TEST(close_ranges), TEST(lower_limits), TEST(bad_numbers),
        TEST(polling) };
    struct rlimit limit = { LIMIT, LIMIT };

    setrlimit(RLIMIT_NOFILE, &limit);
    return TESTS(tests);
}
