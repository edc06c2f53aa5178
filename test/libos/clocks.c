/* SPDX-License-Identifier: MIT
 *
 * Clocks and sleeping.
 */
#define _GNU_SOURCE
#include "kit.h"
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#define S 1000000000ll

static long long clock_ns(clockid_t clock)
{
    struct timespec t;

    CHECK(clock_gettime(clock, &t) == 0 && t.tv_nsec >= 0 && t.tv_nsec < S);
    return t.tv_sec * S + t.tv_nsec;
}

static void never_backwards(void)
{
    long long before = clock_ns(CLOCK_MONOTONIC), now;

    for (int i = 0; i < 100000; i++, before = now) {
        now = clock_ns(CLOCK_MONOTONIC);
        CHECK(now >= before);
    }
}

static void sleeping(void)
{
    struct timespec t = { 0, 20000000 }, rest = { 7, 7 };
    long long before = clock_ns(CLOCK_MONOTONIC), slept;

    EQUAL(nanosleep(&t, &rest), 0);
    slept = clock_ns(CLOCK_MONOTONIC) - before;
    CHECK(slept >= 20000000 && slept < 2 * S);
    t.tv_nsec = S;
    FAILS(nanosleep(&t, NULL), EINVAL);
    t = (struct timespec){ -1, 0 };
    FAILS(nanosleep(&t, NULL), EINVAL);
    t = (struct timespec){ 0, 0 };
    EQUAL(nanosleep(&t, NULL), 0);
}

static void sleeping_until(void)
{
    struct timespec t;
    long long until = clock_ns(CLOCK_MONOTONIC) + 20000000;

    t = (struct timespec){ until / S, until % S };
    EQUAL(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
    CHECK(clock_ns(CLOCK_MONOTONIC) >= until);
    EQUAL(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
    until = clock_ns(CLOCK_REALTIME) + 20000000;
    t = (struct timespec){ until / S, until % S };
    EQUAL(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL), 0);
    CHECK(clock_ns(CLOCK_REALTIME) >= until);
    EQUAL(clock_nanosleep(99, 0, &t, NULL), EINVAL);
}

static void the_time_of_day(void)
{
    struct timeval tv;
    long long real = clock_ns(CLOCK_REALTIME) / S;

    CHECK(real > 1700000000 && real < 4102444800);
    CHECK(gettimeofday(&tv, NULL) == 0 && tv.tv_sec - real <= 1 && tv.tv_usec >= 0 && tv.tv_usec < 1000000);
    CHECK(time(NULL) - real <= 1 && syscall(SYS_time, NULL) - real <= 1);
    printf("time %lld\n", real);
}

static void kinds_of_clocks(void)
{
    static const clockid_t good[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
        CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME };
    struct timespec t;

    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++)
        CHECK(clock_ns(good[i]) >= 0 && clock_getres(good[i], &t) == 0 && t.tv_sec == 0 && t.tv_nsec > 0);
    FAILS(clock_gettime(77, &t), EINVAL);
    FAILS(clock_getres(77, &t), EINVAL);
    FAILS(syscall(SYS_clock_gettime, CLOCK_REALTIME, 8), EFAULT);
}

static void cpu_time(void)
{
    struct timespec t = { 0, 50000000 };
    long long real = clock_ns(CLOCK_MONOTONIC), before = clock_ns(CLOCK_PROCESS_CPUTIME_ID), used;

    while (clock_ns(CLOCK_MONOTONIC) < real + 30000000)
        ;
    used = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - before;
    CHECK(used > 1000000 && used <= clock_ns(CLOCK_MONOTONIC) - real);
    before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    EQUAL(nanosleep(&t, NULL), 0);
    CHECK(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - before < 40000000);
    CHECK(times(NULL) > 0);
}

int main(void)
{
    static const struct test tests[] = { TEST(never_backwards), TEST(sleeping), TEST(sleeping_until), TEST(the_time_of_day),
        TEST(kinds_of_clocks), TEST(cpu_time) };

    return TESTS(tests);
}
