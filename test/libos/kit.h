/* SPDX-License-Identifier: MIT
 *
 * What the test programs share. A test is a function that ends at its first failed
 * check; each begins in a new, empty folder and with descriptors 0 to 2 only. The
 * programs that use nothing but POSIX are also built for the host's C library, to
 * run as foreign programs here.
 */
#ifndef TEST_KIT_H
#define TEST_KIT_H
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct test { const char *name; void (*run)(void); };
#define TEST(f) { #f, f }

/* Runs them all; the status for main. */
int tests_run(const struct test *list, size_t n);
#define TESTS(list) tests_run(list, sizeof list / sizeof list[0])

/* Ends the test that runs. */
_Noreturn void test_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* One verdict more, under a name of its own, while a test runs on; false: text says why. */
void test_tell(bool passed, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define CHECK(condition) do { \
    if (!(condition)) \
        test_fail("%s:%d: %s (errno %d)", __FILE_NAME__, __LINE__, #condition, errno); \
} while (0)
#define EQUAL(got, wanted) do { \
    long long got_ = (long long)(got), wanted_ = (long long)(wanted); \
    if (got_ != wanted_) \
        test_fail("%s:%d: %s is %lld, not %lld (errno %d)", __FILE_NAME__, __LINE__, #got, got_, wanted_, errno); \
} while (0)
/* The call returns -1 with errno. */
#define FAILS(call, error) do { \
    errno = 0; \
    long long got_ = (long long)(call); \
    if (got_ != -1 || errno != (error)) \
        test_fail("%s:%d: %s: %lld, errno %d, not -1 and %d", __FILE_NAME__, __LINE__, #call, got_, errno, (error)); \
} while (0)

/* Repeatable numbers: splitmix64 of a seed that is printed. */
uint64_t test_random(void);
void test_seed(uint64_t seed);
/* A file of that name with these bytes; read-write descriptor. */
int make_file(const char *name, const void *bytes, size_t n);
#endif
