/* SPDX-License-Identifier: MIT
 *
 * Threads and the policy that schedules them. A thread is a libOS object; the
 * kernel knows only the vCPU on which it runs.
 */
#ifndef LIBOS_SCHED_H
#define LIBOS_SCHED_H
#include "core/core.h"

enum thread_state { THREAD_READY, THREAD_RUNNING, THREAD_BLOCKED, THREAD_DEAD };

struct thread {
	/* The context of a thread that was interrupted, from which upcall.asm resumes
	 * it; one that switched by call left only rsp and, on its stack, what the C
	 * calling convention keeps. core/offsets.inc knows the offsets down to `stack_top`. */
	struct exo_regs regs;
	uint64_t rsp, fs_base;
	uint32_t interrupted;      /* regs and vector hold the context, else rsp     */
	enum thread_state state;
	void *vector;              /* XSAVE area, 64-byte aligned                   */
	uint64_t stack_top;        /* of its libOS stack: for libOS threads, and for a
	                            * program's reflected system calls              */
	bool foreign;              /* its calls are reflected: they keep all vector
	                            * registers                                     */
	int tid;
	struct thread *next, *prev;/* of the policy's or a wait queue                */
	struct wait_queue *waiting;
	struct thread *sleep_next; /* sleepers, by wake_at                           */
	uint64_t wake_at;          /* ns; 0: no time limit                          */
	int woken;                 /* 1: by wake, 0: by the clock                   */
	uint64_t run_ticks, since; /* CPU time; when it last began to run: TSC       */
	uint64_t policy[4];        /* the policy's own words                        */
	void *stack, *vector_memory; /* to free                                     */
	struct thread *all_next;   /* threads of the process                        */
};

/* A scheduler policy. All functions run in a critical section. */
struct sched_policy {
	const char *name, *text;
	void (*enqueue)(struct thread *);       /* is ready to run                    */
	void (*dequeue)(struct thread *);       /* is ready, but shall not run         */
	struct thread *(*pick)(void);           /* take the next one out, or NULL       */
	bool (*tick)(struct thread *current, uint64_t ran_ns); /* true: switch now     */
	void (*block)(struct thread *), (*wake)(struct thread *), (*yield)(struct thread *);
	uint64_t slice_ns;                      /* distance of ticks; 0: none           */
	void (*stats)(char *buf, size_t size);
};
/* The policy of this process. An application replaces it at link time by defining
 * exo_sched_policy itself. */
extern const struct sched_policy exo_sched_policy;

struct wait_queue { struct thread *head, *tail; };

struct thread *thread_self(void);
struct thread *thread_create(void (*fn)(void *), void *arg);   /* NULL: no memory */
_Noreturn void thread_exit(void);  /* the process's last thread ends it with status 0 */
void thread_yield(void);
/* Blocks until woken or until time_ns() reaches wake_at (0: for ever). Call it in
 * a critical section of depth 1, holding `lock` (or NULL), which it drops and
 * takes again. Returns 1 if woken, 0 if the time came. */
int thread_block(struct wait_queue *, struct lock *, uint64_t wake_at);
void thread_wake(struct wait_queue *, int n);  /* up to n of them                */
void thread_sleep(uint64_t until_ns);
uint64_t thread_run_ns(const struct thread *); /* CPU time so far                */

/* ---- for libos/core and libos/proc -------------------------------------------- */
/* Starts the first thread, or after exec the one that called it, in fn(arg). */
_Noreturn void sched_start(struct thread *, void (*fn)(void *), void *arg);
void sched_events(uint64_t pending);           /* events taken by section_leave or an upcall */
/* exec: all other threads of the process cease to be. */
void threads_end_others(void);
/* switch.asm: begins a program on its own stack, all other registers zero. */
_Noreturn void program_enter(uint64_t rip, uint64_t rsp);
void vector_save(void *area);
void vector_restore(const void *area);
void vector_clean(void);                       /* as a program finds it at its start */
#endif
