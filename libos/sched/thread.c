/* SPDX-License-Identifier: MIT
 *
 * Threads: made, switched, blocked and woken. Which one runs is the policy's
 * choice (exo_sched_policy); here is only the mechanism, in critical sections.
 */
#include "sched/sched.h"
#include "core/io.h"
#include "core/time.h"
#include "core/upcall.h"
#include "proc/proc.h"
#include "vm/vm.h"

#define STACK_ORDER 3                   /* 32 KiB */
#define STACK_SIZE (4096ul << STACK_ORDER)
#define FXSAVE_SIZE 512
#define VECTOR_ALIGN 64ul
#define MXCSR_AT 24                     /* in the XSAVE area */
#define MXCSR_RESET 0x1f80u
#define FCW_RESET 0x037fu
#define NEVER UINT64_MAX

_Static_assert(offsetof(struct thread, rsp) == 176 && offsetof(struct thread, fs_base) == 184
	&& offsetof(struct thread, interrupted) == 192 && offsetof(struct thread, vector) == 200
	&& offsetof(struct thread, stack_top) == 208, "core/offsets.inc");

void thread_switch(struct thread *from, struct thread *to);
void thread_enter(void);

/* Written in critical sections. */
static struct thread *all, *sleepers, *dead;
static unsigned ready;                  /* threads that the policy has          */
static int next_tid;

static _Noreturn void load(struct thread *to)
{
	__asm__ volatile("jmp thread_load" : : "S"(to) : "memory");
	__builtin_unreachable();
}

struct thread *thread_self(void)
{
	return VCPU->current;
}

/* ---- the clock ------------------------------------------------------------------ */

/* The one-shot timer for whatever comes first: the end of the current thread's slice,
 * if another one waits for it, or the first sleeper. One that is set for an earlier
 * time is left alone: it costs less to find nothing to do then. */
static void timer_arm(void)
{
	struct vcpu *v = VCPU->this;
	uint64_t at = NEVER;

	if (ready && exo_sched_policy.slice_ns && v->current)
		at = v->current->since + time_ticks(exo_sched_policy.slice_ns);
	if (sleepers && time_to_tsc(sleepers->wake_at) < at)
		at = time_to_tsc(sleepers->wake_at);
	if (at < v->timer_at) {
		v->timer_at = at;
		exo_timer(at);
	}
}

static void make_ready(struct thread *t)
{
	t->state = THREAD_READY;
	exo_sched_policy.enqueue(t);
	ready++;
}

static void sleeper_add(struct thread *t)
{
	struct thread **at = &sleepers;

	while (*at && (*at)->wake_at <= t->wake_at)
		at = &(*at)->sleep_next;
	t->sleep_next = *at;
	*at = t;
}

static void sleeper_remove(struct thread *t)
{
	struct thread **at = &sleepers;

	while (*at && *at != t)
		at = &(*at)->sleep_next;
	if (*at)
		*at = t->sleep_next;
}

static void queue_remove(struct wait_queue *q, struct thread *t)
{
	*(t->prev ? &t->prev->next : &q->head) = t->next;
	*(t->next ? &t->next->prev : &q->tail) = t->prev;
	t->waiting = NULL;
}

static void wake_one(struct thread *t, int woken)
{
	if (t->waiting)
		queue_remove(t->waiting, t);
	if (t->wake_at)
		sleeper_remove(t);
	t->woken = woken;
	exo_sched_policy.wake(t);
	make_ready(t);
}

static void wake_sleepers(void)
{
	while (sleepers && sleepers->wake_at <= time_ns())
		wake_one(sleepers, 0);
}

void sched_events(uint64_t pending)
{
	struct vcpu *v = VCPU->this;

	if (pending & 1ul << EXO_EV_TIMER) {
		v->timer_at = NEVER;
		wake_sleepers();
		if (v->current && v->current->state == THREAD_RUNNING && ready
		    && exo_sched_policy.tick(v->current, time_of_tsc(rdtsc()) - time_of_tsc(v->current->since)))
			v->resched = 1;
		timer_arm();
	}
	if (pending & 1ul << EXO_EV_SLICE_END)
		exo_yield(0, 0, 0);
}

/* ---- switching ------------------------------------------------------------------ */

/* Nothing to run: the CPU is the kernel's until an event or the first sleeper. */
static void idle(void)
{
	if (vm_idle())
		exo_yield(0, EXO_YIELD_WAIT, 1);        /* a moment, to look at events */
	else
		exo_yield(0, EXO_YIELD_WAIT, sleepers ? time_to_tsc(sleepers->wake_at) : 0);
	events_take();
	wake_sleepers();
}

static struct thread *pick(void)
{
	struct thread *next = exo_sched_policy.pick();

	if (next)
		ready--;
	return next;
}

static void begin(struct thread *next, struct thread *prev)
{
	uint64_t now = rdtsc();

	prev->run_ticks += now - prev->since;
	next->since = now;
	next->state = THREAD_RUNNING;
	if (ready || sleepers)
		timer_arm();
}

/* By call; the current thread is where it belongs: ready, in a queue, or dead. */
static void switch_away(void)
{
	struct thread *prev = VCPU->current, *next;

	VCPU->resched = 0;
	while (!(next = pick()))
		idle();
	begin(next, prev);
	if (next == prev)
		return;
	if (prev->foreign)
		vector_save(prev->vector);
	thread_switch(prev, next);
	if (prev->foreign)
		vector_restore(prev->vector);
}

void sched_preempt_call(void)
{
	struct thread *t = VCPU->current;

	make_ready(t);
	switch_away();
}

/* The context is in the block, but for vector registers and FS base. */
void sched_preempt_upcall(void)
{
	struct vcpu *v = VCPU->this;
	struct thread *prev = v->current, *next;

	v->resched = 0;
	make_ready(prev);
	next = pick();
	begin(next, prev);
	if (next == prev)
		return;
	vector_save(prev->vector);
	if (v->features & EXO_CPU_FSGSBASE)
		__asm__ volatile("rdfsbase %0" : "=r"(prev->fs_base));
	prev->interrupted = 1;
	load(next);
}

void thread_yield(void)
{
	section_enter();
	if (ready) {
		exo_sched_policy.yield(VCPU->current);
		sched_preempt_call();
	}
	section_leave();
}

int thread_block(struct wait_queue *q, struct lock *lock, uint64_t wake_at)
{
	struct thread *t = VCPU->current;

	if (VCPU->depth != 1)
		libos_panic("thread_block in section depth %u", VCPU->depth);
	t->state = THREAD_BLOCKED;
	t->waiting = q;
	t->next = NULL;
	t->prev = q->tail;
	*(q->tail ? &q->tail->next : &q->head) = t;
	q->tail = t;
	t->wake_at = wake_at;
	if (wake_at)
		sleeper_add(t);
	exo_sched_policy.block(t);
	if (lock)
		__atomic_store_n(&lock->word, 0, __ATOMIC_RELEASE);
	switch_away();
	if (lock) {
		lock_take(lock);
		section_leave();
	}
	return t->woken;
}

void thread_wake(struct wait_queue *q, int n)
{
	section_enter();
	for (; n > 0 && q->head; n--)
		wake_one(q->head, 1);
	if (ready)
		timer_arm();
	section_leave();
}

void thread_sleep(uint64_t until_ns)
{
	struct wait_queue alone = { NULL, NULL };

	section_enter();
	while (time_ns() < until_ns)
		thread_block(&alone, NULL, until_ns);
	section_leave();
}

uint64_t thread_run_ns(const struct thread *t)
{
	uint64_t ticks = t->run_ticks + (t == VCPU->current ? rdtsc() - t->since : 0);

	return time_of_tsc(time_boot_tsc() + ticks);
}

/* ---- life ------------------------------------------------------------------------- */

/* A stack that leads into thread_enter, which calls fn(arg). */
static void prepare(struct thread *t, void (*fn)(void *), void *arg)
{
	uint64_t *sp = (uint64_t *)t->stack_top;

	*--sp = (uint64_t)thread_enter;
	*--sp = 0;                      /* rbp */
	*--sp = 0;                      /* rbx */
	*--sp = (uint64_t)fn;           /* r12 */
	*--sp = (uint64_t)arg;          /* r13 */
	*--sp = 0;                      /* r14 */
	*--sp = 0;                      /* r15 */
	*--sp = (uint64_t)FCW_RESET << 32 | MXCSR_RESET;
	t->rsp = (uint64_t)sp;
	t->interrupted = 0;
	t->fs_base = 0;
}

static void vector_reset(struct thread *t)
{
	uint64_t size = info()->xsave_size > FXSAVE_SIZE ? info()->xsave_size : FXSAVE_SIZE;

	memset(t->vector, 0, size);
	*(uint16_t *)t->vector = FCW_RESET;
	*(uint32_t *)((char *)t->vector + MXCSR_AT) = MXCSR_RESET;
}

void vector_clean(void)
{
	struct thread *t = VCPU->current;

	section_enter();
	vector_reset(t);
	vector_restore(t->vector);
	section_leave();
}

static void thread_free(struct thread *t)
{
	if (t->stack)
		page_unref(t->stack);
	slab_free(t->vector_memory);
	slab_free(t);
}

/* What has ended is freed once it is not the one whose stack we are on. */
static void reap(void)
{
	if (dead && dead != VCPU->current) {
		thread_free(dead);
		dead = NULL;
	}
}

static void enroll(struct thread *t)
{
	t->tid = next_tid ? next_tid : proc_self()->pid;
	next_tid = t->tid + 1;
	t->all_next = all;
	all = t;
}

static struct thread *thread_make(void)
{
	struct thread *t = slab_zalloc(sizeof *t);
	uint64_t size = info()->xsave_size > FXSAVE_SIZE ? info()->xsave_size : FXSAVE_SIZE;

	if (!t)
		return NULL;
	t->stack = page_alloc_zero(STACK_ORDER);
	t->vector_memory = slab_alloc(size + VECTOR_ALIGN);
	if (!t->stack || !t->vector_memory) {
		thread_free(t);
		return NULL;
	}
	t->stack_top = (uint64_t)t->stack + STACK_SIZE;
	t->vector = (void *)(((uint64_t)t->vector_memory + VECTOR_ALIGN - 1) & -VECTOR_ALIGN);
	t->regs.cs = EXO_USER_CS;
	t->regs.ss = EXO_USER_SS;
	vector_reset(t);
	return t;
}

struct thread *thread_create(void (*fn)(void *), void *arg)
{
	struct thread *t;

	section_enter();
	reap();
	t = thread_make();
	if (t) {
		prepare(t, fn, arg);
		enroll(t);
		make_ready(t);
		timer_arm();
	}
	section_leave();
	return t;
}

static void forget(struct thread *t)
{
	struct thread **at = &all;

	while (*at != t)
		at = &(*at)->all_next;
	*at = t->all_next;
}

_Noreturn void thread_exit(void)
{
	struct thread *t = VCPU->current;

	section_enter();
	forget(t);
	if (!all)
		proc_exit(0);
	reap();
	t->state = THREAD_DEAD;
	dead = t;
	switch_away();
	__builtin_unreachable();
}

void threads_end_others(void)
{
	struct thread *self = VCPU->current;

	section_enter();
	reap();
	while (all != self || self->all_next) {
		struct thread *t = all != self ? all : self->all_next;

		forget(t);
		if (t->waiting)
			queue_remove(t->waiting, t);
		if (t->state == THREAD_BLOCKED && t->wake_at)
			sleeper_remove(t);
		if (t->state == THREAD_READY) {
			exo_sched_policy.dequeue(t);
			ready--;
		}
		thread_free(t);
	}
	section_leave();
}

_Noreturn void sched_start(struct thread *t, void (*fn)(void *), void *arg)
{
	if (!t)
		t = thread_make();
	if (!t)
		libos_panic("no memory for the first thread");
	prepare(t, fn, arg);
	enroll(t);
	t->foreign = false;
	t->state = THREAD_RUNNING;
	t->since = rdtsc();
	load(t);
}
