/* SPDX-License-Identifier: MIT
 *
 * The rows that one image measures; then it becomes the program of the exec row.
 */
#include "bench.h"
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A `syscall` instruction, as an unmodified program has it. */
static inline long raw_syscall(long number)
{
    __asm__ volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
    return number;
}

static void calibration(void)
{
    BENCH("cal_rdtsc", 100, ticks());
    BENCH("cal_loop2000", 10, uint64_t n = 1000; __asm__ volatile("1: dec %0; jnz 1b" : "+r"(n) : : "cc"));
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s PROGRAM-OF-THE-EXEC-ROW\n", argv[0]);
        return 2;
    }
    calibration();
    bench_kernel();
    BENCH("getpid_call", 1000, getpid());
    BENCH("syscall_reflected", 1000, raw_syscall(SYS_getppid));
    bench_events();
    bench_switch();
    bench_memory();
    execl(argv[1], argv[1], (char *)NULL);
    perror(argv[1]);
    return 1;
}
