/* SPDX-License-Identifier: MIT
 *
 * Of time.c, what only core and sched use.
 */
#ifndef LIBOS_TIME_H
#define LIBOS_TIME_H
#include <stdint.h>

void time_init(void);                  /* once in each image                      */
uint64_t time_of_tsc(uint64_t tsc);    /* time_ns() at that TSC                   */
uint64_t time_ticks(uint64_t ns);      /* a duration in ticks                     */
#endif
