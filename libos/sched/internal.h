/* SPDX-License-Identifier: MIT
 *
 * Between the files of libos/sched; everything in critical sections.
 */
#ifndef LIBOS_SCHED_INTERNAL_H
#define LIBOS_SCHED_INTERNAL_H
#include "sched/sched.h"

extern unsigned sched_ready;            /* threads that the policy has          */

/* The thread may run: the policy gets it. */
void sched_enqueue(struct thread *);
/* By call; the current thread is where it belongs: ready, in a queue, or dead. */
void sched_switch(void);
/* Sets the timer for what comes first: the end of a thread's slice or a sleeper. */
void sched_timer(const struct thread *running);

/* sleep.c: threads that the clock wakes. */
bool sleepers_any(void);
uint64_t sleepers_first(void);          /* when the first one wakes, in ns; if any */
void sleeper_add(struct thread *);
void sleeper_remove(struct thread *);
void sleepers_wake(void);               /* those whose time has come            */
/* thread.c */
void thread_ready(struct thread *, int woken); /* a blocked one goes on         */
/* sched.c: runs it; what ran is left as it is. */
_Noreturn void sched_load(struct thread *);
#endif
