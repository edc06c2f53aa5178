/* SPDX-License-Identifier: MIT
 *
 * Names: paths, links, renaming, folders.
 */
#define _GNU_SOURCE
#include "kit.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MANY 2500

static struct stat st;

static void touch(const char *name)
{
    close(make_file(name, name, strlen(name)));
}

static ino_t inode(const char *name)
{
    CHECK(lstat(name, &st) == 0);
    return st.st_ino;
}

static long links(const char *name)
{
    CHECK(lstat(name, &st) == 0);
    return (long)st.st_nlink;
}

static void path_errors(void)
{
    static char name[5000];

    touch("f");
    FAILS(stat("f/.", &st), ENOTDIR);
    FAILS(stat("f/..", &st), ENOTDIR);
    FAILS(stat("nothing/x", &st), ENOENT);
    FAILS(stat("", &st), ENOENT);
    memset(name, 'n', 256);
    FAILS(stat(name, &st), ENAMETOOLONG);
    FAILS(open(name, O_CREAT | O_WRONLY, 0644), ENAMETOOLONG);
    FAILS(mkdir(name, 0755), ENAMETOOLONG);
    name[255] = 0;
    FAILS(stat(name, &st), ENOENT);
    CHECK(mkdir(name, 0755) == 0 && rmdir(name) == 0);
    for (int i = 0; i < 4999; i++)
        name[i] = i % 2 ? '/' : '.';
    name[4999] = 0;
    FAILS(stat(name, &st), ENAMETOOLONG);
    name[PATH_MAX - 1] = 0;
    CHECK(stat(name, &st) == 0);
    CHECK(stat("/../../..//.//", &st) == 0);
    CHECK(stat("././/f", &st) == 0);
}

static void loops(void)
{
    char name[16], before[16] = "end";

    CHECK(symlink("a", "b") == 0 && symlink("b", "a") == 0 && symlink("self", "self") == 0);
    FAILS(stat("a", &st), ELOOP);
    FAILS(open("self", O_RDONLY), ELOOP);
    FAILS(open("a/x", O_RDONLY), ELOOP);
    FAILS(chdir("a"), ELOOP);
    touch("end");
    for (int i = 0; i < 45; i++) {
        snprintf(name, sizeof name, "l%d", i);
        CHECK(symlink(before, name) == 0);
        strcpy(before, name);
    }
    CHECK(stat("l39", &st) == 0);
    FAILS(stat("l40", &st), ELOOP);
    FAILS(stat("l44", &st), ELOOP);
}

static void symbolic_links(void)
{
    char text[64];

    CHECK(mkdir("d", 0755) == 0 && symlink("../f", "d/up") == 0 && symlink("d", "s") == 0);
    touch("f");
    EQUAL(readlink("d/up", text, sizeof text), 4);
    CHECK(!memcmp(text, "../f", 4));
    EQUAL(readlink("d/up", text, 2), 2);
    FAILS(syscall(SYS_readlink, "d/up", text, 0), EINVAL);
    FAILS(readlink("f", text, sizeof text), EINVAL);
    FAILS(readlink("nothing", text, sizeof text), ENOENT);
    CHECK(stat("s/up", &st) == 0 && S_ISREG(st.st_mode));
    CHECK(lstat("s/up", &st) == 0 && S_ISLNK(st.st_mode));
    EQUAL(st.st_size, 4);
    CHECK(lstat("s/", &st) == 0 && S_ISDIR(st.st_mode));
    FAILS(symlink("x", "f"), EEXIST);
    FAILS(symlink("", "e"), ENOENT);
    FAILS(symlink("x", "nothing/e"), ENOENT);
    FAILS(unlink("s/"), ENOTDIR);
    FAILS(rmdir("s"), ENOTDIR);
    CHECK(unlink("s") == 0 && stat("d", &st) == 0);
}

static void hard_links(void)
{
    int fd = make_file("a", "one", 3);

    CHECK(mkdir("d", 0755) == 0 && link("a", "b") == 0 && link("b", "d/c") == 0);
    EQUAL(links("a"), 3);
    EQUAL(inode("a"), inode("d/c"));
    EQUAL(pwrite(fd, "two", 3, 0), 3);
    FAILS(link("a", "b"), EEXIST);
    FAILS(link("nothing", "x"), ENOENT);
    FAILS(link("d", "x"), EPERM);
    FAILS(link("a", "/dev/x"), EXDEV);
    CHECK(unlink("a") == 0 && unlink("d/c") == 0);
    EQUAL(links("b"), 1);
    CHECK(symlink("b", "s") == 0 && link("s", "s2") == 0);
    CHECK(lstat("s2", &st) == 0 && S_ISLNK(st.st_mode));
    CHECK(linkat(AT_FDCWD, "s", AT_FDCWD, "s3", AT_SYMLINK_FOLLOW) == 0);
    EQUAL(links("b"), 2);
    CHECK(lstat("s3", &st) == 0 && S_ISREG(st.st_mode));
}

static void folders(void)
{
    CHECK(mkdir("d", 0755) == 0);
    EQUAL(links("d"), 2);
    CHECK(mkdir("d/e", 0700) == 0);
    EQUAL(links("d"), 3);
    EQUAL(inode("d/e/.."), inode("d"));
    CHECK(stat("d/e", &st) == 0);
    EQUAL(st.st_mode & 07777, 0700);
    FAILS(mkdir("d", 0755), EEXIST);
    FAILS(mkdir("d/.", 0755), EEXIST);
    FAILS(mkdir("nothing/d", 0755), ENOENT);
    FAILS(rmdir("d"), ENOTEMPTY);
    FAILS(rmdir("d/."), EINVAL);
    FAILS(rmdir("d/e/.."), ENOTEMPTY);
    FAILS(rmdir("nothing"), ENOENT);
    FAILS(unlink("d"), EISDIR);
    touch("d/f");
    FAILS(rmdir("d/f"), ENOTDIR);
    FAILS(rmdir("/"), EBUSY);
    CHECK(unlink("d/f") == 0 && rmdir("d/e") == 0);
    EQUAL(links("d"), 2);
    CHECK(chdir("d") == 0 && rmdir("../d") == 0);
    FAILS(open("x", O_CREAT | O_WRONLY, 0644), ENOENT);
    FAILS(mkdir("x", 0755), ENOENT);
    CHECK(stat(".", &st) == 0);
}

static void renaming(void)
{
    int fd = make_file("a", "a's", 3), old = make_file("b", "b's", 3);
    char text[4] = "";
    ino_t a = inode("a");

    CHECK(rename("a", "b") == 0);
    EQUAL(inode("b"), a);
    FAILS(stat("a", &st), ENOENT);
    EQUAL(pread(old, text, 3, 0), 3);
    CHECK(!strcmp(text, "b's") && fstat(old, &st) == 0 && st.st_nlink == 0);
    CHECK(link("b", "same") == 0 && rename("b", "same") == 0);
    CHECK(inode("b") == a && inode("same") == a);
    CHECK(rename("b", "b") == 0 && fstat(fd, &st) == 0 && st.st_nlink == 2);
    FAILS(rename("nothing", "x"), ENOENT);
    FAILS(rename("b", "nothing/x"), ENOENT);
    FAILS(rename("b", "/dev/x"), EXDEV);
    FAILS(rename("b", "new/"), ENOTDIR);
    FAILS(rename("b/", "x"), ENOTDIR);
    FAILS(rename(".", "x"), EBUSY);
    FAILS(rename("b", ".."), EBUSY);
}

static void renaming_folders(void)
{
    CHECK(mkdir("d", 0755) == 0 && mkdir("d/e", 0755) == 0 && mkdir("empty", 0755) == 0 && mkdir("full", 0755) == 0);
    touch("f");
    touch("full/f");
    FAILS(rename("d", "d/e/x"), EINVAL);
    FAILS(rename("d", "d/x"), EINVAL);
    FAILS(rename("d", "f"), ENOTDIR);
    FAILS(rename("f", "d"), EISDIR);
    FAILS(rename("d", "full"), ENOTEMPTY);
    FAILS(rename("d/e", "d"), ENOTEMPTY);
    CHECK(rename("d", "empty") == 0);
    CHECK(stat("empty/e", &st) == 0);
    CHECK(rename("empty/e", "full/e") == 0);
    EQUAL(inode("full/e/.."), inode("full"));
    EQUAL(links("empty"), 2);
    EQUAL(links("full"), 3);
    CHECK(rename("full/e", "moved/") == 0 && stat("moved", &st) == 0);
}

static void rename_flags(void)
{
    ino_t a, b;

    touch("a");
    touch("b");
    a = inode("a");
    b = inode("b");
    FAILS(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 1), EEXIST);
    FAILS(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 0x80), EINVAL);
    FAILS(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 3), EINVAL);
    EQUAL(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 2), 0);
    CHECK(inode("a") == b && inode("b") == a);
    FAILS(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "none", 2), ENOENT);
    EQUAL(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "c", 1), 0);
    EQUAL(inode("c"), b);
}

static void at_calls(void)
{
    int dir, file;

    CHECK(mkdir("d", 0755) == 0);
    dir = open("d", O_RDONLY | O_DIRECTORY);
    file = make_file("f", "f", 1);
    CHECK(close(openat(dir, "x", O_CREAT | O_WRONLY, 0644)) == 0);
    CHECK(stat("d/x", &st) == 0 && fstatat(dir, "x", &st, 0) == 0);
    CHECK(fstatat(file, "", &st, AT_EMPTY_PATH) == 0 && st.st_size == 1);
    FAILS(fstatat(file, "x", &st, 0), ENOTDIR);
    FAILS(fstatat(999, "x", &st, 0), EBADF);
    CHECK(fstatat(999, "/", &st, 0) == 0);
    FAILS(fstatat(dir, "x", &st, 0x40000000), EINVAL);
    FAILS(unlinkat(dir, "x", AT_REMOVEDIR), ENOTDIR);
    FAILS(unlinkat(dir, "x", 0x1), EINVAL);
    CHECK(renameat(dir, "x", AT_FDCWD, "y") == 0 && unlinkat(AT_FDCWD, "y", 0) == 0);
    CHECK(mkdirat(dir, "e", 0755) == 0 && unlinkat(dir, "e", AT_REMOVEDIR) == 0);
    CHECK(fchdir(dir) == 0 && close(open("here", O_CREAT | O_WRONLY, 0600)) == 0 && stat("../d/here", &st) == 0);
    FAILS(fchdir(file), ENOTDIR);
}

static void current_folder(void)
{
    char text[PATH_MAX], small[4];

    CHECK(mkdir("d", 0755) == 0 && chdir("d") == 0 && getcwd(text, sizeof text) == text);
    CHECK(strlen(text) > 2 && !strcmp(text + strlen(text) - 2, "/d"));
    CHECK(!getcwd(small, sizeof small) && errno == ERANGE);
    FAILS(chdir("nothing"), ENOENT);
    touch("f");
    FAILS(chdir("f"), ENOTDIR);
    CHECK(chdir("..") == 0 && rename("d", "e") == 0 && chdir("e") == 0 && getcwd(text, sizeof text));
    CHECK(!strcmp(text + strlen(text) - 2, "/e"));
    CHECK(chdir("/") == 0 && getcwd(text, sizeof text) && !strcmp(text, "/"));
}

static void modes_and_times(void)
{
    struct timespec when[2] = { { 1000, 5 }, { 2000, 7 } };

    umask(027);
    CHECK(close(open("f", O_CREAT | O_WRONLY, 0666)) == 0 && stat("f", &st) == 0);
    EQUAL(st.st_mode, S_IFREG | 0640);
    EQUAL(umask(022), 027);
    CHECK(chmod("f", 04711) == 0 && stat("f", &st) == 0);
    EQUAL(st.st_mode, S_IFREG | 04711);
    CHECK(chown("f", 3, 4) == 0 && stat("f", &st) == 0 && st.st_uid == 3 && st.st_gid == 4);
    CHECK(chown("f", (uid_t)-1, 5) == 0 && stat("f", &st) == 0 && st.st_uid == 3 && st.st_gid == 5);
    CHECK(utimensat(AT_FDCWD, "f", when, 0) == 0 && stat("f", &st) == 0);
    CHECK(st.st_atim.tv_sec == 1000 && st.st_atim.tv_nsec == 5 && st.st_mtim.tv_sec == 2000 && st.st_mtim.tv_nsec == 7);
    when[0].tv_nsec = UTIME_OMIT;
    when[1].tv_nsec = UTIME_NOW;
    CHECK(utimensat(AT_FDCWD, "f", when, 0) == 0 && stat("f", &st) == 0);
    CHECK(st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec > 1600000000);
    when[0].tv_nsec = 1000000000;
    FAILS(utimensat(AT_FDCWD, "f", when, 0), EINVAL);
    FAILS(utimensat(AT_FDCWD, "nothing", NULL, 0), ENOENT);
    FAILS(access("nothing", F_OK), ENOENT);
    FAILS(access("f", 0100), EINVAL);
    CHECK(chmod("f", 0644) == 0);
    FAILS(access("f", X_OK), EACCES);
}

/* The entries of ".", each counted in seen[its number]. */
static int list(unsigned char *seen, bool remove_them)
{
    DIR *dir = opendir(".");
    struct dirent *e;
    int n = 0;

    CHECK(dir);
    while (errno = 0, (e = readdir(dir))) {
        if (e->d_name[0] == '.')
            continue;
        CHECK(atoi(e->d_name + 1) < MANY && seen[atoi(e->d_name + 1)]++ == 0);
        CHECK(e->d_type == DT_REG || e->d_type == DT_UNKNOWN);
        n++;
        if (remove_them)
            CHECK(unlink(e->d_name) == 0);
    }
    EQUAL(errno, 0);
    closedir(dir);
    return n;
}

static void many_entries(void)
{
    static unsigned char seen[MANY];
    char name[16], bytes[24];
    int fd;

    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "n%d", i);
        CHECK(close(open(name, O_CREAT | O_EXCL | O_WRONLY, 0644)) == 0);
    }
    EQUAL(list(seen, false), MANY);
    memset(seen, 0, sizeof seen);
    EQUAL(list(seen, true), MANY);
    memset(seen, 0, sizeof seen);
    EQUAL(list(seen, false), 0);
    fd = open(".", O_RDONLY);
    FAILS(syscall(SYS_getdents64, fd, bytes, 8), EINVAL);
    fd = make_file("f", "", 0);
    FAILS(syscall(SYS_getdents64, fd, bytes, sizeof bytes), ENOTDIR);
}

int main(void)
{
    static const struct test tests[] = { TEST(path_errors), TEST(loops), TEST(symbolic_links), TEST(hard_links),
        TEST(folders), TEST(renaming), TEST(renaming_folders), TEST(rename_flags), TEST(at_calls),
        TEST(current_folder), TEST(modes_and_times), TEST(many_entries) };

    return TESTS(tests);
}
