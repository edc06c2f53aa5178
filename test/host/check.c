/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Shared with the process that runs the case. */
static struct report {
    uint64_t seed;
    char note[256], why[768];
} *report;

void check_note(const char *format, ...) {
    va_list list;

    va_start(list, format);
    vsnprintf(report->note, sizeof report->note, format, list);
    va_end(list);
}

void check_failed(const char *file, int line, const char *format, ...) {
    const char *name = strrchr(file, '/');
    int n = snprintf(report->why, sizeof report->why, "%s:%d: ", name ? name + 1 : file, line);
    va_list list;

    va_start(list, format);
    vsnprintf(report->why + n, sizeof report->why - n, format, list);
    va_end(list);
    _exit(1);
}

static uint64_t state;

void check_seed(uint64_t seed) {
    report->seed = seed = check_option("SEED", seed);
    state = (seed + 1) * 0x9e3779b97f4a7c15ul;
}

uint64_t check_random(uint64_t n) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return n ? (state * 0x2545f4914f6cdd1dul >> 16) % n : 0;
}

uint64_t check_option(const char *name, uint64_t otherwise) {
    const char *value = getenv(name);
    return value && *value ? strtoull(value, NULL, 0) : otherwise;
}

static int run_case(const char *program, const struct test *test) {
    int status;

    memset(report, 0, sizeof *report);
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
        test->run();
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror(program);
        exit(2);
    }
    if (!status) {
        printf("PASS %s/%s\n", program, test->name);
        return 0;
    }
    if (!report->why[0])
        snprintf(report->why, sizeof report->why, "ended with status 0x%x (a sanitizer's report is on standard error)", status);
    printf("FAIL %s/%s: %s", program, test->name, report->why);
    if (report->note[0])
        printf(" [%s]", report->note);
    if (report->seed)
        printf(" SEED=0x%lx", report->seed);
    printf("\n");
    return 1;
}

int check_main(int argc, char **argv, const struct test *tests, size_t count) {
    const char *name = strrchr(argv[0], '/');
    int failed = 0;

    report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (report == MAP_FAILED)
        return 2;
    for (size_t i = 0; i < count; i++)
        if (argc < 2 || strstr(tests[i].name, argv[1]))
            failed |= run_case(name ? name + 1 : argv[0], &tests[i]);
    return failed;
}
