/* SPDX-License-Identifier: MIT */
/* Time is the TSC; its rate is measured once. Each CPU has a one-shot timer, at VEC_TIMER. */
#pragma once

#include <stdint.h>

extern uint64_t tsc_khz;         /* 0 until clock_init */
extern const char *clock_source; /* what tsc_khz comes from */

/* Takes at most a millisecond; after apic_init. */
void clock_init(void);

/* Fires when the TSC reaches the deadline, at once if it has. It may fire early when the deadline lies beyond
   the timer's reach (over a second): compare, and arm it again. */
void timer_arm(uint64_t tsc_deadline);
void timer_stop(void);
