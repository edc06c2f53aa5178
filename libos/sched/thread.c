/* SPDX-License-Identifier: MIT
 *
 * Threads: blocked and woken, made and ended.
 */
#include "sched/internal.h"
#include "core/io.h"
#include "core/time.h"
#include "proc/proc.h"
#include "vm/vm.h"

#define STACK_ORDER 3                   /* 32 KiB */
#define STACK_SIZE (4096ul << STACK_ORDER)
#define FXSAVE_SIZE 512
#define VECTOR_ALIGN 64ul
#define MXCSR_AT 24                     /* in the XSAVE area */
#define MXCSR_RESET 0x1f80u
#define FCW_RESET 0x037fu

void thread_enter(void);                /* switch.asm */


/* Written in critical sections. */
static struct thread *all, *dead;
static int next_tid;

struct thread *thread_self(void)
{
	return VCPU->current;
}

/* ---- waiting ---------------------------------------------------------------------- */

static void queue_remove(struct wait_queue *q, struct thread *t)
{
	*(t->prev ? &t->prev->next : &q->head) = t->next;
	*(t->next ? &t->next->prev : &q->tail) = t->prev;
	t->waiting = NULL;
}

void thread_ready(struct thread *t, int woken)
{
	if (t->waiting)
		queue_remove(t->waiting, t);
	if (t->wake_at)
		sleeper_remove(t);
	t->woken = woken;
	exo_sched_policy.wake(t);
	sched_enqueue(t);
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
	if (wake_at) {
		sleeper_add(t);
		if (sched_ready)        /* else idling does it */
			sched_timer(VCPU->current);
	}
	exo_sched_policy.block(t);
	if (lock)
		__atomic_store_n(&lock->word, 0, __ATOMIC_RELEASE);
	sched_switch();
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
		thread_ready(q->head, 1);
	if (sched_ready)
		sched_timer(VCPU->current);
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
		sched_enqueue(t);
		sched_timer(VCPU->current);
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
	sched_switch();
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
			sched_ready--;
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
	sched_load(t);
}
