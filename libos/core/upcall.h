/* SPDX-License-Identifier: MIT
 *
 * Between upcall.asm and C, and the calls that go upwards: core runs below the
 * modules, so what it needs of them is declared here and defined by them.
 */
#ifndef LIBOS_UPCALL_H
#define LIBOS_UPCALL_H
#include "core.h"

/* upcall.asm */
extern char exo_upcall_entry[], exo_nested_entry[], exo_syscall_entry[];
extern char exo_resume_begin[], exo_resume_end[];
/* Runs the current thread from its block (regs), in section depth 1. */
_Noreturn void exo_resume(void);
/* usercopy.asm */
extern char exo_copy_begin[], exo_copy_end[], exo_copy_fault[];
extern char exo_probe_begin[], exo_probe_end[], exo_probe_fault[];

/* section.c: leaves the outermost section, where something is to be done first. */
void section_leave_slowly(void);
/* section_leave at depth 1, where no switch can have been asked for. */
static inline void section_leave_clean(void)
{
	__asm__ volatile("" : : : "memory");
	VCPU->depth = 0;
	__asm__ volatile("" : : : "memory");
	VCPU->k.mask = 0;
	__asm__ volatile("" : : : "memory");
	if (VCPU->k.pending & VCPU->k.enabled)
		section_leave_slowly();
}
/* Takes pending & enabled out of the vCPU's word, and handles them; in a section. */
void events_take(void);
/* section.c, for irq_attach: a bell's handler; caps.c: a bell's source. */
void bell_attach(unsigned bit, void (*handler)(uint32_t source));
uint32_t bell_source(unsigned bit);
/* log.c */
void log_init(void);
/* Sets the vCPU's entry points and stacks for this image. */
void vcpu_configure(struct vcpu *v, uint64_t page_pfn);

/* ---- defined above core ------------------------------------------------------- */
/* vm: repairs a page fault (vm/vm.h). */
bool vm_fault(uint64_t addr, uint64_t error);
/* sched: kernel events (EXO_EV_TIMER ..) that came, in a section. */
void sched_events(uint64_t pending);
/* sched: a tick asked for a switch (vcpu->resched). From an upcall: the current
 * thread's context is in its block; returns if it is to run on. By call: switches. */
void sched_preempt_upcall(void);
void sched_preempt_call(void);
/* proc: an exception of the program that nothing repairs; its context is in the
 * thread's block. Here signals will be made of it; until then it ends the process. */
void fault_deliver(struct thread *, unsigned vector, uint64_t error, uint64_t addr);
/* proc: the rest of start-up, with memory and log at work. */
_Noreturn void proc_start(uint64_t kind);
#endif
