/* SPDX-License-Identifier: MIT
 *
 * An application with a page-fault policy of its own: an array of a gigabyte whose
 * pages are computed when they are first read. pager.exo.c stands between the upcall
 * and the library's vm_fault, by the linker's --wrap:
 *
 *     exo-gcc -O2 -c pager.exo.c
 *     exo-gcc -O2 main.c pager.exo.o -Wl,--wrap=exo_vm_fault -o pager    computed pages
 *     exo-gcc -O2 main.c -o pager                                        pages of zeros
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include "pager.h"

/* Without pager.exo.c the array is ordinary memory. */
__attribute__((weak)) void pager_serve(const uint64_t *array, uint64_t elements)
{
    (void)array;
    (void)elements;
}
__attribute__((weak)) uint64_t pager_faults(void)
{
    return 0;
}

int main(void)
{
    static const uint64_t at[] = { 0, 3, 511, 512, 1000000, ELEMENTS - 1 };
    const uint64_t *squares = mmap(0, ELEMENTS * sizeof *squares, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (squares == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    pager_serve(squares, ELEMENTS);
    for (unsigned i = 0; i < sizeof at / sizeof at[0]; i++)
        printf("%llu squared is %llu\n", (unsigned long long)at[i], (unsigned long long)squares[at[i]]);
    printf("%llu pages computed\n", (unsigned long long)pager_faults());
    return 0;
}
