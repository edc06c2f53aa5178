/* SPDX-License-Identifier: MIT
 *
 * execve that cannot be: it says why, and the program goes on unharmed.
 */
#define _GNU_SOURCE
#include "kit.h"
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *argv[] = { "x", NULL };

static void script(const char *name, const char *text, mode_t mode)
{
    close(make_file(name, text, strlen(text)));
    CHECK(chmod(name, mode) == 0);
}

static void no_such_program(void)
{
    static char name[300];

    FAILS(execv("nothing", argv), ENOENT);
    FAILS(execv("", argv), ENOENT);
    FAILS(execv("/bin/busybox/x", argv), ENOTDIR);
    memset(name, 'n', sizeof name - 1);
    FAILS(execv(name, argv), ENAMETOOLONG);
    CHECK(symlink("l", "l") == 0);
    FAILS(execv("l", argv), ELOOP);
}

static void not_allowed(void)
{
    script("plain", "#!/bin/sh\n", 0644);
    FAILS(execv("plain", argv), EACCES);
    CHECK(mkdir("d", 0755) == 0);
    FAILS(execv("d", argv), EACCES);
    FAILS(execv("/dev/null", argv), EACCES);
}

static void not_a_program(void)
{
    static const char elf[64] = "\177ELF\2\1\1";

    script("empty", "", 0755);
    FAILS(execv("empty", argv), ENOEXEC);
    script("text", "hello\n", 0755);
    FAILS(execv("text", argv), ENOEXEC);
    close(make_file("elf", elf, sizeof elf));
    CHECK(chmod("elf", 0755) == 0);
    FAILS(execv("elf", argv), ENOEXEC);
    close(make_file("short", elf, 10));
    CHECK(chmod("short", 0755) == 0);
    FAILS(execv("short", argv), ENOEXEC);
}

static void scripts_that_lead_nowhere(void)
{
    script("missing", "#!/no/such/interpreter\n", 0755);
    FAILS(execv("missing", argv), ENOENT);
    script("bare", "#!\n", 0755);
    FAILS(execv("bare", argv), ENOEXEC);
    script("/tmp/self-script", "#!/tmp/self-script\n", 0755);
    FAILS(execv("/tmp/self-script", argv), ELOOP);
}

/* Each byte of a good program's headers damaged in turn: refused or not, it never harms us. Only those
 * whose damage makes them invalid by themselves are tried: the identification and the sizes. */
static void damaged_headers(void)
{
    static const int offset[] = { 0, 1, 2, 3, 4, 5, 16, 18, 54, 55, 57 };
    static char program[1 << 20];
    int in = open("/proc/self/exe", O_RDONLY), fd;
    ssize_t n = read(in, program, sizeof program);

    CHECK(n > 4096 && n < (ssize_t)sizeof program);
    for (size_t i = 0; i < sizeof offset / sizeof offset[0]; i++) {
        program[offset[i]] ^= 0x55;
        fd = make_file("damaged", program, (size_t)n);
        program[offset[i]] ^= 0x55;
        CHECK(fchmod(fd, 0755) == 0);
        close(fd);
        errno = 0;
        execv("damaged", argv);
        if (errno != ENOEXEC && errno != EINVAL)
            test_fail("byte %d damaged: errno %d", offset[i], errno);
    }
}

static void too_much(void)
{
    enum { N = 40000, LONG = 3 << 20 };
    static char *many[N + 1];
    char *text = malloc(LONG), *one[] = { "x", text, NULL };

    CHECK(text);
    memset(text, 'x', LONG);
    text[LONG - 1] = 0;
    FAILS(execv("/bin/busybox", one), E2BIG);
    text[4000] = 0;
    for (int i = 0; i < N; i++)
        many[i] = text;
    FAILS(execv("/bin/busybox", many), E2BIG);
    FAILS(execve("/bin/busybox", argv, many), E2BIG);
}

static void nothing_is_lost(void)
{
    int fd = open("f", O_CREAT | O_RDWR | O_CLOEXEC, 0600), before, after;

    before = dup(fd);
    close(before);
    for (int i = 0; i < 200; i++)
        FAILS(execv("nothing", argv), ENOENT);
    after = dup(fd);
    EQUAL(after, before);
    EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

int main(void)
{
    static const struct test tests[] = { TEST(no_such_program), TEST(not_allowed), TEST(not_a_program),
        TEST(scripts_that_lead_nowhere), TEST(damaged_headers), TEST(too_much), TEST(nothing_is_lost) };

    return TESTS(tests);
}
