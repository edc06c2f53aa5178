/* SPDX-License-Identifier: MIT
 * Floating point through printf and the mathematics of libm, integers through qsort.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT 1000000

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void sort(void)
{
    uint32_t *numbers = malloc(COUNT * sizeof *numbers), state = 1, wrong = 0;
    uint64_t before = 0, after = 0;

    for (int i = 0; i < COUNT; i++) {
        state = state * 1664525u + 1013904223u;
        before += numbers[i] = state;
    }
    qsort(numbers, COUNT, sizeof *numbers, by_value);
    for (int i = 0; i < COUNT; i++) {
        after += numbers[i];
        wrong += i && numbers[i - 1] > numbers[i];
    }
    printf("sorted: %u out of order, sum %s\n", wrong, before == after ? "kept" : "lost");
    free(numbers);
}

int main(void)
{
    volatile double x = 2;
    volatile long double y = 3;

    printf("%.15g %e %10.3f %a\n", sqrt(x), exp(x), -x / 3, x);
    printf("%.18Lg %g %g\n", y / 7, x / 0.0, sin(1e22));
    printf("%s\n", strtod("0x1.8p3", NULL) == 12 && strtod("1e-320", NULL) > 0 ? "strtod" : "strtod is wrong");
    sort();
    return 0;
}
