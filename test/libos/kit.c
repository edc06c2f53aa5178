/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "kit.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_FD 3
#define LAST_FD 1023

static jmp_buf back;
static const char *current;
static unsigned told, failed;
static uint64_t state;

_Noreturn void test_fail(const char *format, ...)
{
    va_list args;

    printf("FAIL %s: ", current);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    longjmp(back, 1);
}

void test_tell(bool passed, const char *name, const char *format, ...)
{
    va_list args;

    told++;
    if (passed) {
        printf("PASS %s-%s\n", current, name);
        return;
    }
    failed++;
    printf("FAIL %s-%s: ", current, name);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

static void enter_folder(const char *top, const char *name)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", top, name);
    if (mkdir(path, 0755) < 0 || chdir(path) < 0) {
        perror(path);
        exit(1);
    }
}

static void run_one(const struct test *t)
{
    current = t->name;
    told++;
    if (setjmp(back)) {
        failed++;
    } else {
        t->run();
        printf("PASS %s\n", t->name);
    }
    fflush(stdout);
}

/* The last line says how many verdicts there were: without it the program ended early. */
int tests_run(const struct test *list, size_t n)
{
    char top[] = "/tmp/test-XXXXXX";

    if (!mkdtemp(top)) {
        perror(top);
        return 1;
    }
    for (size_t i = 0; i < n; i++) {
        enter_folder(top, list[i].name);
        run_one(&list[i]);
        for (int fd = FIRST_FD; fd <= LAST_FD; fd++)
            close(fd);
    }
    printf("DONE %u\n", told);
    return failed != 0;
}

void test_seed(uint64_t seed)
{
    state = seed;
    printf("seed %llu\n", (unsigned long long)seed);
}

uint64_t test_random(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15ul;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ul;
    z = (z ^ z >> 27) * 0x94d049bb133111ebul;
    return z ^ z >> 31;
}

int make_file(const char *name, const void *bytes, size_t n)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

    if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)
        test_fail("cannot make %s: errno %d", name, errno);
    return fd;
}
