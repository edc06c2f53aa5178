/* SPDX-License-Identifier: MIT
 *
 * What is in files: reading, writing, sizes, holes and how a file is opened.
 */
#define _GNU_SOURCE
#include "kit.h"
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char buf[1 << 16];

static off_t size_of(int fd)
{
    struct stat st;

    CHECK(fstat(fd, &st) == 0);
    return st.st_size;
}

static bool all(const char *p, size_t n, char c)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != c)
            return false;
    return true;
}

static void read_and_write(void)
{
    int fd = make_file("f", "hello world", 11), only;

    EQUAL(read(fd, buf, 5), 5);
    CHECK(!memcmp(buf, "hello", 5));
    EQUAL(read(fd, buf, 100), 6);
    EQUAL(read(fd, buf, 100), 0);
    EQUAL(read(fd, buf, 0), 0);
    EQUAL(write(fd, "!", 0), 0);
    EQUAL(size_of(fd), 11);
    EQUAL(pwrite(fd, "J", 1, 0), 1);
    EQUAL(pread(fd, buf, 5, 0), 5);
    CHECK(!memcmp(buf, "Jello", 5));
    EQUAL(lseek(fd, 0, SEEK_CUR), 11);
    only = open("f", O_RDONLY);
    FAILS(write(only, "x", 1), EBADF);
    FAILS(ftruncate(only, 0), EINVAL);
    only = open("f", O_WRONLY);
    FAILS(read(only, buf, 1), EBADF);
    FAILS(pread(only, buf, 1, 0), EBADF);
    FAILS(pread(fd, buf, 1, -1), EINVAL);
    FAILS(pwrite(fd, buf, 1, -1), EINVAL);
}

static void seeking(void)
{
    int fd = make_file("f", "0123456789", 10);

    EQUAL(lseek(fd, 3, SEEK_SET), 3);
    EQUAL(lseek(fd, 2, SEEK_CUR), 5);
    EQUAL(lseek(fd, -1, SEEK_END), 9);
    EQUAL(read(fd, buf, 9), 1);
    FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
    FAILS(lseek(fd, -11, SEEK_END), EINVAL);
    FAILS(lseek(fd, 0, 99), EINVAL);
    EQUAL(lseek(fd, 0, SEEK_CUR), 10);
    EQUAL(lseek(fd, 1 << 20, SEEK_SET), 1 << 20);
    EQUAL(read(fd, buf, 10), 0);
    EQUAL(size_of(fd), 10);
    FAILS(lseek(999, 0, SEEK_SET), EBADF);
}

static void holes(void)
{
    const off_t far = 5 << 20;
    int fd = make_file("f", "begin", 5);
    struct stat st;

    EQUAL(pwrite(fd, "end", 3, far), 3);
    EQUAL(size_of(fd), far + 3);
    for (off_t at = 5; at < 200000; at += 40000) {
        memset(buf, 'x', 40000);
        EQUAL(pread(fd, buf, 40000, at), 40000);
        CHECK(all(buf, 40000, 0));
    }
    EQUAL(pread(fd, buf, 100, far - 10), 13);
    CHECK(all(buf, 10, 0) && !memcmp(buf + 10, "end", 3));
    CHECK(fstat(fd, &st) == 0 && st.st_blocks * 512 < far / 2);
    EQUAL(pwrite(fd, "mid", 3, far / 2), 3);
    EQUAL(pread(fd, buf, 9, far / 2 - 3), 9);
    CHECK(!memcmp(buf, "\0\0\0mid\0\0\0", 9));
}

static void truncation(void)
{
    int fd;

    memset(buf, 'a', 10000);
    fd = make_file("f", buf, 10000);
    EQUAL(ftruncate(fd, 4100), 0);
    EQUAL(size_of(fd), 4100);
    EQUAL(ftruncate(fd, 9000), 0);
    EQUAL(pread(fd, buf, sizeof buf, 0), 9000);
    CHECK(all(buf, 4100, 'a') && all(buf + 4100, 4900, 0));
    EQUAL(ftruncate(fd, 4096), 0);
    EQUAL(ftruncate(fd, 4099), 0);
    EQUAL(pread(fd, buf, sizeof buf, 4090), 9);
    CHECK(!memcmp(buf, "aaaaaa\0\0\0", 9));
    EQUAL(ftruncate(fd, 0), 0);
    EQUAL(pread(fd, buf, 10, 0), 0);
    EQUAL(truncate("f", 6), 0);
    EQUAL(pread(fd, buf, 10, 0), 6);
    CHECK(all(buf, 6, 0));
    FAILS(ftruncate(fd, -1), EINVAL);
    FAILS(truncate("f", -1), EINVAL);
    FAILS(truncate("nothing", 0), ENOENT);
    FAILS(truncate(".", 0), EISDIR);
    EQUAL(size_of(fd), 6);
}

static void appending(void)
{
    int a = make_file("f", "12", 2), b = open("f", O_WRONLY | O_APPEND);

    EQUAL(write(b, "34", 2), 2);
    EQUAL(lseek(b, 0, SEEK_SET), 0);
    EQUAL(write(b, "56", 2), 2);
    EQUAL(pread(a, buf, 10, 0), 6);
    CHECK(!memcmp(buf, "123456", 6));
    EQUAL(lseek(b, 0, SEEK_CUR), 6);
    CHECK(fcntl(a, F_SETFL, O_APPEND) == 0);
    EQUAL(fcntl(a, F_GETFL) & O_APPEND, O_APPEND);
    EQUAL(write(a, "7", 1), 1);
    EQUAL(pread(a, buf, 10, 6), 1);
    CHECK(fcntl(a, F_SETFL, 0) == 0);
    EQUAL(lseek(a, 0, SEEK_SET), 0);
    EQUAL(write(a, "x", 1), 1);
    EQUAL(size_of(a), 7);
}

static void open_flags(void)
{
    int fd;

    CHECK(mkdir("d", 0755) == 0 && symlink("f", "l") == 0 && symlink("nowhere", "dangling") == 0);
    fd = make_file("f", "data", 4);
    FAILS(open("f", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
    FAILS(open("l", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
    FAILS(open("dangling", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
    FAILS(open("nothing", O_RDONLY), ENOENT);
    FAILS(open("", O_RDONLY), ENOENT);
    FAILS(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
    FAILS(open("f/", O_RDONLY), ENOTDIR);
    FAILS(open("f/x", O_RDONLY), ENOTDIR);
    FAILS(open("new/", O_WRONLY | O_CREAT, 0644), EISDIR);
    FAILS(open("d", O_WRONLY), EISDIR);
    FAILS(open("d", O_RDWR), EISDIR);
    FAILS(open("d", O_RDONLY | O_CREAT, 0644), EISDIR);
    FAILS(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
    CHECK(open("d", O_RDONLY | O_DIRECTORY | O_NOFOLLOW) >= 0);
    CHECK(open("l", O_RDONLY | O_DIRECTORY) < 0 && errno == ENOTDIR);
    EQUAL(size_of(fd), 4);
    CHECK(open("f", O_WRONLY | O_TRUNC) >= 0);
    EQUAL(size_of(fd), 0);
    CHECK(open("dangling", O_WRONLY | O_CREAT, 0600) >= 0);
    CHECK(access("nowhere", F_OK) == 0);
}

static void folders_are_not_files(void)
{
    int fd = open(".", O_RDONLY), path = open(".", O_PATH);

    FAILS(read(fd, buf, 10), EISDIR);
    FAILS(pread(fd, buf, 10, 0), EISDIR);
    FAILS(write(fd, buf, 10), EBADF);
    FAILS(ftruncate(fd, 0), EINVAL);
    FAILS(read(path, buf, 10), EBADF);
    FAILS(lseek(path, 0, SEEK_SET), EBADF);
    FAILS(syscall(SYS_fchmod, path, 0700), EBADF);
}

static void deleted_but_open(void)
{
    int fd = make_file("f", "still here", 10);
    struct stat st;

    CHECK(unlink("f") == 0);
    FAILS(open("f", O_RDONLY), ENOENT);
    CHECK(fstat(fd, &st) == 0);
    EQUAL(st.st_nlink, 0);
    EQUAL(read(fd, buf, 100), 10);
    EQUAL(write(fd, " and growing", 12), 12);
    EQUAL(pread(fd, buf, 100, 0), 22);
    CHECK(!memcmp(buf, "still here and growing", 22));
    close(make_file("f", "another", 7));
    EQUAL(pread(fd, buf, 100, 0), 22);
}

static void vectors(void)
{
    char a[3], b[4], c[64];
    struct iovec in[3] = { { a, sizeof a }, { b, sizeof b }, { c, sizeof c } };
    struct iovec out[3] = { { "abc", 3 }, { NULL, 0 }, { "defgh", 5 } };
    int fd = make_file("f", "", 0);
    volatile int minus = -1; /* the host's compiler knows better */

    EQUAL(writev(fd, out, 3), 8);
    EQUAL(lseek(fd, 0, SEEK_SET), 0);
    EQUAL(readv(fd, in, 3), 8);
    CHECK(!memcmp(a, "abc", 3) && !memcmp(b, "defg", 4) && c[0] == 'h');
    EQUAL(preadv(fd, in, 2, 4), 4);
    CHECK(!memcmp(a, "efg", 3) && b[0] == 'h');
    EQUAL(pwritev(fd, out, 1, 100), 3);
    EQUAL(size_of(fd), 103);
    EQUAL(readv(fd, in, 0), 0);
    FAILS(readv(fd, in, minus), EINVAL);
    FAILS(readv(fd, in, IOV_MAX + 1), EINVAL);
    FAILS(writev(999, out, 3), EBADF);
    in[1].iov_len = (size_t)-1;
    FAILS(readv(fd, in, 3), EINVAL);
}

static void between_files(void)
{
    int from, to = make_file("to", "", 0);
    off_t at = 3;
    loff_t in = 1, out = 2;

    memset(buf, 'q', sizeof buf);
    from = make_file("from", buf, sizeof buf);
    EQUAL(sendfile(to, from, &at, 1000), 1000);
    EQUAL(at, 1003);
    EQUAL(lseek(from, 0, SEEK_CUR), 0);
    EQUAL(sendfile(to, from, NULL, 1 << 20), sizeof buf);
    EQUAL(size_of(to), 1000 + sizeof buf);
    EQUAL(sendfile(to, from, NULL, 10), 0);
    FAILS(sendfile(to, 999, NULL, 10), EBADF);
    FAILS(sendfile(999, from, NULL, 10), EBADF);
    EQUAL(copy_file_range(from, &in, to, &out, 100, 0), 100);
    EQUAL(in, 101);
    EQUAL(out, 102);
    FAILS(copy_file_range(from, &in, to, &out, 100, 1), EINVAL);
}

/* What random writes, truncations and reads leave behind, against a copy in memory. */
static void against_a_model(void)
{
    enum { MAX = 50000, STEPS = 3000 };
    static char model[MAX], got[MAX];
    size_t size = 0;
    int fd = make_file("f", "", 0);

    test_seed(20240607);
    for (int step = 0; step < STEPS; step++) {
        size_t at = test_random() % MAX, n = test_random() % (MAX - at) % 9000;

        if (test_random() % 4 == 0) {
            EQUAL(ftruncate(fd, (off_t)at), 0);
            if (at < size)
                memset(model + at, 0, size - at);
            size = at;
        } else if (n) {
            memset(buf, (int)(step % 250 + 1), n);
            EQUAL(pwrite(fd, buf, n, (off_t)at), n);
            memcpy(model + at, buf, n);
            size = at + n > size ? at + n : size;
        }
        if (step % 16 && step != STEPS - 1)
            continue;
        EQUAL(pread(fd, got, MAX, 0), size);
        if (memcmp(got, model, size))
            test_fail("the contents differ after step %d", step);
    }
}

int main(void)
{
    static const struct test list[] = { TEST(read_and_write), TEST(seeking), TEST(holes), TEST(truncation),
        TEST(appending), TEST(open_flags), TEST(folders_are_not_files), TEST(deleted_but_open), TEST(vectors),
        TEST(between_files), TEST(against_a_model) };

    return TESTS(list);
}
