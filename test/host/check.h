/* SPDX-License-Identifier: MIT */
/* A small test framework. Each case runs in a process of its own, so the kernel's static data is fresh and a sanitizer's
 * abort is one failure; it prints `PASS program/case` or `FAIL program/case: why`, which test/run counts. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct test {
    const char *name;
    void (*run)(void);
};

/* Runs all, or those whose name contains argv[1]; the exit status is 1 if one failed. */
int check_main(int argc, char **argv, const struct test *tests, size_t count);

_Noreturn void check_failed(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What the test is doing; told if it fails. */
void check_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define FAIL(...) check_failed(__FILE__, __LINE__, __VA_ARGS__)
#define CHECK(condition) ((condition) ? (void)0 : FAIL("%s", #condition))
#define EQUAL(actual, expected)                                                                  \
    do {                                                                                         \
        long actual_ = (long)(actual), expected_ = (long)(expected);                             \
        if (actual_ != expected_)                                                                \
            FAIL("%s is %ld (0x%lx), not %ld", #actual, actual_, (unsigned long)actual_, expected_); \
    } while (0)

/* Random numbers below n. The seed is SEED= of the environment, else what the test asks for. */
uint64_t check_random(uint64_t n);
void check_seed(uint64_t seed);
/* The variable of the environment, or the default. */
uint64_t check_option(const char *name, uint64_t otherwise);

#define TESTS(...)                                                            \
    int main(int argc, char **argv) {                                         \
        static const struct test tests[] = {__VA_ARGS__};                     \
        return check_main(argc, argv, tests, sizeof tests / sizeof tests[0]); \
    }
