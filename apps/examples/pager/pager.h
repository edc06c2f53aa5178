/* SPDX-License-Identifier: MIT
 *
 * An array whose element i is i * i, of which only the pages exist that are read.
 */
#ifndef PAGER_H
#define PAGER_H
#include <stdint.h>

#define ELEMENTS (1ul << 27)

/* From now on this array, which is mapped read-only and was never touched, is served. */
void pager_serve(const uint64_t *array, uint64_t elements);
/* How many faults that took. */
uint64_t pager_faults(void);

#endif
