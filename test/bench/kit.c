/* SPDX-License-Identifier: MIT
 *
 * Samples and rows.
 */
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>

static uint64_t sample[SAMPLES];
static unsigned count;

void bench_require(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

void bench_sample(int number, uint64_t value)
{
    if (number < 0)
        return;
    bench_require(count < SAMPLES, "too many samples");
    sample[count++] = value;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static double per_operation(uint64_t value, uint64_t operations, uint64_t overhead)
{
    return value > overhead ? (double)(value - overhead) / (double)operations : 0;
}

void bench_row(const char *name, uint64_t operations, uint64_t overhead)
{
    const unsigned rank[] = { count / 2, 0, count * 99 / 100 };

    bench_require(count != 0, name);
    qsort(sample, count, sizeof sample[0], by_size);
    printf("%s", name);
    for (unsigned i = 0; i < 3; i++)
        printf(" %.1f", per_operation(sample[rank[i]], operations, overhead));
    printf(" %llu\n", (unsigned long long)(count * operations));
    fflush(stdout);
    count = 0;
}

uint64_t bench_empty(uint64_t batch)
{
    uint64_t best = UINT64_MAX;

    for (int tries = 0; tries < 5; tries++) {
        uint64_t begin = ticks(), spent;

        for (uint64_t i = batch; i; i--)
            __asm__ volatile("" : : : "memory");
        spent = ticks() - begin;
        best = spent < best ? spent : best;
    }
    return best;
}
