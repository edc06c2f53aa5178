/* SPDX-License-Identifier: MIT
 * What a program keeps beside its memory: thread-local variables, jumps, random bytes, the clock, constructors, locale, vector registers
 * across system calls.
 */
#define _GNU_SOURCE
#include <locale.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static __thread int set = 41, zero;
static __thread char big[8192];
static int constructed, bad;
static jmp_buf before;

__attribute__((constructor)) static void construct(void)
{
    constructed = 1;
}

static void last(void)
{
    printf("atexit\n");
}

static void check(const char *what, int holds)
{
    printf("%s: %s\n", what, holds ? "yes" : "no");
    bad |= !holds;
}

static void jump(volatile int *n)
{
    ++*n;
    longjmp(before, *n);
}

static void jumps(void)
{
    volatile int n = 0;

    if (setjmp(before) < 5)
        jump(&n);
    check("setjmp", n == 5);
}

/* A system call keeps every register but rax, rcx and r11. */
static void registers(void)
{
    register uint64_t r8 __asm__("r8") = 8, r9 __asm__("r9") = 9, r10 __asm__("r10") = 10, r15 __asm__("r15") = 15;
    uint64_t rax = SYS_getpid, rdi = 1, rsi = 2, rdx = 3, in = 0x123456789abcdef0u, out;

    __asm__ volatile("movq %9, %%xmm7\n syscall\n movq %%xmm7, %0"
        : "=r"(out), "+a"(rax), "+D"(rdi), "+S"(rsi), "+d"(rdx), "+r"(r8), "+r"(r9), "+r"(r10), "+r"(r15)
        : "r"(in) : "rcx", "r11", "memory", "xmm7");
    check("registers", rax == (uint64_t)getpid() && rdi == 1 && rsi == 2 && rdx == 3 && r8 == 8 && r9 == 9 && r10 == 10 && r15 == 15);
    check("vector registers", out == in);
}

static void clocks(void)
{
    struct timespec a, b, pause = { 0, 3000000 };
    int64_t ns;

    clock_gettime(CLOCK_MONOTONIC, &a);
    check("nanosleep", nanosleep(&pause, NULL) == 0);
    clock_gettime(CLOCK_MONOTONIC, &b);
    ns = (b.tv_sec - a.tv_sec) * 1000000000ll + b.tv_nsec - a.tv_nsec;
    check("the clock went on", ns >= 3000000 && ns < 2000000000);
    check("the year", time(NULL) > 1577000000);
}

int main(void)
{
    unsigned char bytes[64] = { 0 }, others[64] = { 0 };

    atexit(last);
    check("constructor", constructed);
    set++;
    big[8191] = 1;
    check("thread-local", set == 42 && zero == 0 && big[0] == 0 && big[8191] == 1);
    jumps();
    check("getrandom", getrandom(bytes, 64, 0) == 64 && getrandom(others, 64, 0) == 64 && memcmp(bytes, others, 64));
    check("locale", setlocale(LC_ALL, "") != NULL);
    registers();
    clocks();
    return bad;
}
