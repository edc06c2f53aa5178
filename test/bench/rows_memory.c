/* SPDX-License-Identifier: MIT
 *
 * Pages that appear, zeroed, when they are first touched. In order, one fault brings
 * its neighbours (fault-around); out of order it does not.
 */
#include "bench.h"
#include <sys/mman.h>

#define PAGE 4096ul
#define PAGES 1024ul
#define ROUNDS 21

/* Touches page (i * stride) of PAGES for each i; an odd stride visits all. */
static void zero_row(const char *name, unsigned long stride)
{
    uint64_t empty = 0;

    for (int number = -2; number < ROUNDS; number++) {
        volatile char *p = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        uint64_t spent[2];

        bench_require(p != MAP_FAILED, "mmap");
        for (int again = 0; again < 2; again++) {   /* the second time costs the loop alone */
            uint64_t begin = ticks();

            for (unsigned long i = 0; i < PAGES; i++)
                p[i * stride % PAGES * PAGE] = 1;
            spent[again] = ticks() - begin;
        }
        empty = spent[1];
        bench_sample(number, spent[0]);
        munmap((void *)p, PAGES * PAGE);
    }
    bench_row(name, PAGES, empty);
}

void bench_memory(void)
{
    zero_row("zero_page_around", 1);
    zero_row("zero_page_single", 37);
}
