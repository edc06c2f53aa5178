/* SPDX-License-Identifier: MIT
 *
 * What the rows of rows_events.c let happen in an upcall.
 */
#ifndef BENCH_HANDLERS_H
#define BENCH_HANDLERS_H
#include <stdint.h>

extern volatile uint64_t bench_faults, bench_rings; /* that were handled */
void bench_rung(uint32_t source);                   /* of a doorbell     */

#endif
