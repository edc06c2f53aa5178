/* SPDX-License-Identifier: MIT
 *
 * Between the bench's files: samples in TSC ticks, and the rows made of them. This
 * header goes with the C library's headers and with the libOS's alike.
 */
#ifndef BENCH_H
#define BENCH_H
#include <stdint.h>

#define SAMPLES 101

/* Under -icount shift=0 a tick is one guest instruction, so two calls are 5 apart (cal_rdtsc). */
static inline uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* Takes one sample; those with a negative number are for warming up and are dropped. */
void bench_sample(int number, uint64_t ticks);
/* Prints what the samples since the last row say: name, median, minimum and 99th percentile in ticks an operation, how many
 * operations. A sample is of `operations`; `overhead` is subtracted from each. */
void bench_row(const char *name, uint64_t operations, uint64_t overhead);
/* What a sample costs that does nothing `batch` times. */
uint64_t bench_empty(uint64_t batch);

/* SAMPLES batches of the statement, as a row. */
#define BENCH(name, batch, ...) do { \
    for (int number_ = -2; number_ < SAMPLES; number_++) { \
        uint64_t begin_ = ticks(); \
        for (uint64_t i_ = (batch); i_; i_--) { \
            __VA_ARGS__; \
            __asm__ volatile("" : : : "memory"); \
        } \
        bench_sample(number_, ticks() - begin_); \
    } \
    bench_row(name, batch, bench_empty(batch)); \
} while (0)

/* A condition without which the figures mean nothing: ends the run. */
void bench_require(int holds, const char *what);

void bench_kernel(void);    /* rows_kernel.c: the exokernel's calls          */
void bench_events(void);    /* rows_events.c: upcalls                        */
void bench_switch(void);    /* rows_switch.c: threads and environments       */
void bench_memory(void);    /* rows_memory.c: demand-zero pages              */
#endif
