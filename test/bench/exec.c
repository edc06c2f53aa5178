/* SPDX-License-Identifier: MIT
 *
 * The exec row: a small program that executes itself, again and again. A sample is
 * from just before execve, in the old image, to the first line of main in the new one.
 * Its beginning travels as an argument, the samples in a file.
 */
#include "bench.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_NAME "/tmp/exec.samples"
#define DIGITS 16

/* Hexadecimal, with letters from 'a' on: short, for writing it is part of the sample. */
static inline void put(char *text, uint64_t value)
{
    for (int i = DIGITS; i--; value >>= 4)
        text[i] = (char)('a' + (value & 15));
}

static uint64_t get(const char *text)
{
    uint64_t value = 0;

    for (int i = 0; i < DIGITS; i++)
        value = value << 4 | (uint64_t)(text[i] - 'a');
    return value;
}

static void report(int file)
{
    uint64_t value;

    for (int i = 0; i < SAMPLES; i++) {
        bench_require(pread(file, &value, sizeof value, i * (long)sizeof value) == sizeof value, FILE_NAME);
        bench_sample(i, value);
    }
    bench_row("execve", 1, bench_empty(0));
}

/* argv: the program, the sample's number, the time before execve, the file's descriptor. */
int main(int argc, char **argv)
{
    uint64_t now = ticks(), spent;
    char number[16], before[DIGITS + 1] = "", descriptor[16];
    int i = argc == 4 ? atoi(argv[1]) : -3, file;

    spent = argc == 4 ? now - get(argv[2]) : 0;
    file = argc == 4 ? atoi(argv[3]) : open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);
    bench_require(file >= 0, FILE_NAME);
    if (i >= 0)
        bench_require(pwrite(file, &spent, sizeof spent, i * (long)sizeof spent) == sizeof spent, FILE_NAME);
    if (i == SAMPLES - 1) {
        report(file);
        return 0;
    }
    snprintf(number, sizeof number, "%d", i + 1);
    snprintf(descriptor, sizeof descriptor, "%d", file);
    put(before, ticks());
    execl(argv[0], argv[0], number, before, descriptor, (char *)NULL);
    perror(argv[0]);
    return 1;
}
