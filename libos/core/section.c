/* SPDX-License-Identifier: MIT
 *
 * Critical sections: upcalls are masked, and what came in meanwhile is handled at
 * the end. Thread code runs with depth 0 and mask 0, so only the outermost
 * section writes the mask; an upcall handler runs in a section of depth 1.
 */
#include "core.h"
#include "io.h"
#include "upcall.h"

#define SPIN_LIMIT (1ul << 30)  /* a holder that does not come back is a deadlock  */

void section_probe(void);       /* usercopy.asm */

static void (*bell_handler[64])(uint32_t source);

static inline void barrier(void)
{
	__asm__ volatile("" : : : "memory");
}

void section_enter(void)
{
	if (VCPU->depth == 0) {
		section_probe();
		VCPU->k.mask = 1;
		barrier();
	}
	VCPU->depth++;
}

void section_leave_slowly(void)
{
	do {
		VCPU->k.mask = 1;
		barrier();
		VCPU->depth = 1;
		events_take();
		if (VCPU->resched)
			sched_preempt_call();
		VCPU->depth = 0;
		barrier();
		VCPU->k.mask = 0;
		barrier();
	} while (VCPU->k.pending & VCPU->k.enabled);
}

void section_leave(void)
{
	barrier();
	if (VCPU->depth > 1) {
		VCPU->depth--;
		return;
	}
	if (VCPU->resched) {
		section_leave_slowly();
		return;
	}
	VCPU->depth = 0;
	barrier();
	VCPU->k.mask = 0;
	barrier();
	if (VCPU->k.pending & VCPU->k.enabled)
		section_leave_slowly();
}

void lock_take(struct lock *l)
{
	uint64_t tries = 0;

	section_enter();
	while (__atomic_exchange_n(&l->word, 1, __ATOMIC_ACQUIRE)) {
		__asm__ volatile("pause");
		if (++tries == SPIN_LIMIT || info()->cpus_running == 1)
			libos_panic("lock %p is never dropped (taken again by its holder?)", (void *)l);
	}
}

void lock_drop(struct lock *l)
{
	__atomic_store_n(&l->word, 0, __ATOMIC_RELEASE);
	section_leave();
}

void events_take(void)
{
	struct vcpu *v = VCPU->this;
	uint64_t take = v->k.pending & (v->k.enabled | 1ul << EXO_EV_SLICE_BEGIN);

	if (!take)
		return;
	__atomic_fetch_and(&v->k.pending, ~take, __ATOMIC_ACQ_REL);
	for (uint64_t bells = take >> EXO_EV_FIRST_BELL << EXO_EV_FIRST_BELL; bells; bells &= bells - 1) {
		unsigned bit = (unsigned)__builtin_ctzl(bells);

		bell_handler[bit](bell_source(bit));
	}
	if (take & ((1ul << EXO_EV_FIRST_BELL) - 1))
		sched_events(take & ((1ul << EXO_EV_FIRST_BELL) - 1));
}

void bell_attach(unsigned bit, void (*handler)(uint32_t source))
{
	section_enter();        /* at whose end a bell that is pending already is answered */
	bell_handler[bit] = handler;
	__atomic_fetch_or(&VCPU->this->k.enabled, 1ul << bit, __ATOMIC_RELEASE);
	section_leave();
}
