/* SPDX-License-Identifier: MIT
 * Files and folders: streams, descriptors, a mapped file, names, positions, metadata.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int bad;

static void check(const char *what, int holds)
{
    printf("%s: %s\n", what, holds ? "yes" : strerror(errno));
    bad |= !holds;
}

static void streams(void)
{
    char line[32];
    int n = 0;
    FILE *f = fopen("a/text", "w");

    for (int i = 0; f && i < 10000; i++)
        fprintf(f, "line %d\n", i);
    check("written", f && fclose(f) == 0);
    f = fopen("a/text", "r+");
    while (f && fgets(line, sizeof line, f))
        n += atoi(line + 5) == n;
    check("read again", n == 10000);
    check("in the middle", f && fseek(f, 5, SEEK_SET) == 0 && fputc('X', f) == 'X' && fclose(f) == 0);
}

static void descriptors(void)
{
    char buf[16] = "";
    struct iovec v[2] = { { buf, 4 }, { buf + 8, 4 } };
    struct stat st;
    int fd = open("a/text", O_RDWR | O_APPEND | O_CLOEXEC), again = dup(fd);
    char *map = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    check("open", fd >= 0 && again > fd);
    check("a mapped file", map != MAP_FAILED && !memcmp(map, "line X\n", 7));
    if (map != MAP_FAILED)
        map[0] = 'L';
    check("readv", readv(fd, v, 2) == 8 && !memcmp(buf, "Line", 4) && !memcmp(buf + 8, " X\nl", 4));
    check("positions are shared", lseek(again, 0, SEEK_CUR) == 8);
    check("append", write(fd, "end", 3) == 3 && fstat(fd, &st) == 0 && lseek(fd, 0, SEEK_CUR) == st.st_size);
    check("truncate", ftruncate(fd, 100) == 0 && fstat(fd, &st) == 0 && st.st_size == 100);
    check("a hole", pwrite(fd, "!", 1, 1 << 20) == 1 && fstat(fd, &st) == 0 && st.st_size >= 101);
    check("mode and links", S_ISREG(st.st_mode) && st.st_nlink == 1);
    close(fd);
    check("the copy is still open", pread(again, buf, 4, 0) == 4);
    close(again);
    check("closed", read(again, buf, 1) == -1 && errno == EBADF);
}

static void names(void)
{
    char target[16] = "";
    struct dirent *e;
    int n = 0;
    DIR *d;

    check("rename", rename("a/text", "a/b/other") == 0 && access("a/text", F_OK) == -1 && errno == ENOENT);
    check("link", link("a/b/other", "a/hard") == 0 && symlink("b/other", "a/soft") == 0);
    check("readlink", readlink("a/soft", target, sizeof target) == 7 && !strcmp(target, "b/other"));
    d = opendir("a");
    while (d && (e = readdir(d)))
        n += strcmp(e->d_name, "b") == 0 || strcmp(e->d_name, "hard") == 0 || strcmp(e->d_name, "soft") == 0;
    check("three names", n == 3);
    if (d)
        closedir(d);
    check("not empty", rmdir("a/b") == -1 && errno == ENOTEMPTY);
    check("removed", !unlink("a/soft") && !unlink("a/hard") && !unlink("a/b/other") && !rmdir("a/b") && !rmdir("a"));
}

int main(int argc, char **argv)
{
    char folder[64], *real, *work = argc > 1 ? argv[1] : "/tmp";

    check("chdir", chdir(work) == 0 && getcwd(folder, sizeof folder) && !strcmp(folder, work));
    check("mkdir", mkdir("a", 0755) == 0 && mkdir("a/b", 0700) == 0 && mkdir("a", 0755) == -1 && errno == EEXIST);
    real = realpath("a/../a/./b", NULL);
    check("realpath", real && !strncmp(real, work, strlen(work)) && !strcmp(real + strlen(work), "/a/b"));
    streams();
    descriptors();
    names();
    return bad;
}
