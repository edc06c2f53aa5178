/* SPDX-License-Identifier: MIT
 *
 * Who runs on the vCPU, and when that is looked at again. The choice is the policy's
 * (exo_sched_policy); here is only the mechanism, in critical sections.
 */
#include "sched/internal.h"
#include "core/io.h"
#include "core/time.h"
#include "core/upcall.h"
#include "vm/vm.h"

#define NEVER UINT64_MAX

_Static_assert(offsetof(struct thread, rsp) == 176 && offsetof(struct thread, fs_base) == 184
	&& offsetof(struct thread, interrupted) == 192 && offsetof(struct thread, vector) == 200
	&& offsetof(struct thread, stack_top) == 208, "core/offsets.inc");

void thread_switch(struct thread *from, struct thread *to); /* switch.asm */

unsigned sched_ready;
static uint64_t slice_ticks;            /* of the policy's slice; NEVER: none   */

_Noreturn void sched_load(struct thread *to)
{
	if (!slice_ticks)
		slice_ticks = exo_sched_policy.slice_ns ? time_ticks(exo_sched_policy.slice_ns) : NEVER;
	__asm__ volatile("jmp thread_load" : : "S"(to) : "memory");
	__builtin_unreachable();
}

void sched_enqueue(struct thread *t)
{
	t->state = THREAD_READY;
	exo_sched_policy.enqueue(t);
	sched_ready++;
}

/* ---- the clock ------------------------------------------------------------------ */

/* A timer that is set for an earlier time is left alone: to find nothing to do then
 * costs less than a call to the kernel at each switch. */
void sched_timer(const struct thread *running)
{
	struct vcpu *v = VCPU->this;
	uint64_t at = NEVER;

	if (sched_ready && slice_ticks != NEVER)
		at = running->since + slice_ticks;
	if (sleepers_any() && time_to_tsc(sleepers_first()) < at)
		at = time_to_tsc(sleepers_first());
	if (at < v->timer_at) {
		v->timer_at = at;
		exo_timer(at);
	}
}

static void tick(struct vcpu *v)
{
	struct thread *t = v->current;

	v->timer_at = NEVER;
	sleepers_wake();
	if (t->state == THREAD_RUNNING && sched_ready
	    && exo_sched_policy.tick(t, time_of_tsc(rdtsc()) - time_of_tsc(t->since)))
		v->resched = 1;
	sched_timer(t);
}

void sched_events(uint64_t pending)
{
	if (pending & 1ul << EXO_EV_TIMER)
		tick(VCPU->this);
	if (pending & 1ul << EXO_EV_SLICE_END)
		exo_yield(0, 0, 0);
}

/* Nothing to run: the CPU is the kernel's until an event or the first sleeper. */
static void idle(void)
{
	if (vm_idle())
		exo_yield(0, EXO_YIELD_WAIT, 1);        /* no wait: a look at events */
	else
		exo_yield(0, EXO_YIELD_WAIT, sleepers_any() ? time_to_tsc(sleepers_first()) : 0);
	events_take();
	sleepers_wake();
}

static __attribute__((noinline)) struct thread *wait_for_one(struct thread *prev)
{
	struct thread *next;

	prev->run_ticks += rdtsc() - prev->since;
	while (!(next = exo_sched_policy.pick()))
		idle();
	prev->since = rdtsc();
	return next;
}

/* ---- switching ------------------------------------------------------------------ */

static inline void account(struct thread *prev, struct thread *next)
{
	uint64_t now = rdtsc();

	prev->run_ticks += now - prev->since;
	next->since = now;
	next->state = THREAD_RUNNING;
	if (VCPU->timer_at - now > slice_ticks) /* not set, or too late */
		sched_timer(next);
}

/* The vector registers of a program whose calls are reflected are kept, as Linux does;
 * those of one that calls are the caller's to save. */
static __attribute__((noinline)) void switch_foreign(struct thread *prev, struct thread *next)
{
	vector_save(prev->vector);
	thread_switch(prev, next);
	vector_restore(prev->vector);
}

static inline void switch_to(struct thread *prev, struct thread *next)
{
	account(prev, next);
	if (next == prev)
		return;
	if (prev->foreign)
		switch_foreign(prev, next);
	else
		thread_switch(prev, next);
}

void sched_switch(void)
{
	struct thread *prev = VCPU->current, *next = exo_sched_policy.pick();

	VCPU->resched = 0;
	if (!next)
		next = wait_for_one(prev);
	sched_ready--;
	switch_to(prev, next);
}

void sched_preempt_call(void)
{
	sched_enqueue(VCPU->current);
	sched_switch();
}

/* The context is in the block, but for vector registers and FS base. */
void sched_preempt_upcall(void)
{
	struct vcpu *v = VCPU->this;
	struct thread *prev = v->current, *next;

	v->resched = 0;
	prev->state = THREAD_READY;
	exo_sched_policy.enqueue(prev);
	next = exo_sched_policy.pick();
	account(prev, next);
	if (next == prev)
		return;
	vector_save(prev->vector);
	if (v->features & EXO_CPU_FSGSBASE)
		__asm__ volatile("rdfsbase %0" : "=r"(prev->fs_base));
	prev->interrupted = 1;
	sched_load(next);
}

/* As short as can be: little of the stack is used, so touching its next bytes does for
 * section_enter's probe; one thread goes into the queue as another comes out; and the
 * current thread is read again after each call, for that costs less than keeping it. */
void thread_yield(void)
{
	struct thread *next;

	if (!sched_ready)
		return;
	__asm__ volatile("orq $0, -1024(%%rsp)" : : : "memory", "cc");
	VCPU->k.mask = 1;
	__asm__ volatile("" : : : "memory");
	VCPU->depth = 1;
	exo_sched_policy.yield(VCPU->current);
	VCPU->current->state = THREAD_READY;
	exo_sched_policy.enqueue(VCPU->current);
	next = exo_sched_policy.pick();
	switch_to(VCPU->current, next);
	section_leave_clean();
}
