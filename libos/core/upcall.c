/* SPDX-License-Identifier: MIT
 *
 * What came up from the kernel, in C: the context is in the current thread's block
 * (its first words are struct exo_regs), the vCPU is masked, in section depth 1.
 */
#include "upcall.h"

#define PAGE_FAULT 14

_Static_assert(offsetof(struct exo_regs, r9) == 64 && offsetof(struct exo_regs, rdi) == 80
	&& offsetof(struct exo_regs, rax) == 112 && offsetof(struct exo_regs, error) == 128
	&& offsetof(struct exo_regs, rip) == 136 && offsetof(struct exo_regs, rsp) == 160, "offsets.inc");
_Static_assert(offsetof(struct vcpu, k.pending) == 8 && offsetof(struct vcpu, k.enabled) == 16
	&& offsetof(struct vcpu, k.fault_addr) == 32 && offsetof(struct vcpu, k.save) == 72
	&& sizeof(struct exo_regs) == 176, "offsets.inc");
_Static_assert(offsetof(struct vcpu, this) == 424 && offsetof(struct vcpu, current) == 432
	&& offsetof(struct vcpu, depth) == 440 && offsetof(struct vcpu, features) == 448
	&& offsetof(struct vcpu, vector_mask) == 456
	&& offsetof(struct vcpu, resume_rip) == 488, "offsets.inc");
_Static_assert(sizeof(struct vcpu) <= EXO_PAGE_SIZE && EXO_UPCALL_TOP == 0x10000, "offsets.inc");

static bool within(uint64_t at, const char *begin, const char *end)
{
	return at >= (uint64_t)begin && at < (uint64_t)end;
}

/* An instruction that may fault has a place to go on from. */
static bool repair(struct exo_regs *regs)
{
	if (within(regs->rip, exo_copy_begin, exo_copy_end))
		regs->rip = (uint64_t)exo_copy_fault;
	else if (within(regs->rip, exo_probe_begin, exo_probe_end))
		regs->rip = (uint64_t)exo_probe_fault;
	else
		return false;
	return true;
}

void upcall(uint64_t kind, struct vcpu *v, uint64_t error, uint64_t addr)
{
	if (kind == PAGE_FAULT) {
		if (vm_fault(addr, error) || repair((struct exo_regs *)v->current))
			return;
	} else if (kind == EXO_UP_EVENT) {
		events_take();
		if (v->resched)
			sched_preempt_upcall();
		return;
	}
	fault_deliver(v->current, (unsigned)kind, error, addr);
}

/* Of what may happen in a critical section, only the window's demand faults are no mistake. (A module with which the
 * application replaced the library's lies beside it and is present from the start: exo/module.h.) */
void upcall_nested(uint64_t kind, struct vcpu *v, uint64_t error, uint64_t addr)
{
	const struct exo_regs *regs = &v->k.save[1];

	if (kind == PAGE_FAULT && addr >= EXO_WINDOW && addr < EXO_FIXED + (1ul << 39) && vm_fault(addr, error))
		return;
	libos_panic("in a critical section: exception %lu, error 0x%lx, address 0x%lx, rip 0x%lx, rsp 0x%lx",
		kind, error, addr, regs->rip, regs->rsp);
}

void upcall_syscall_events(void)
{
	section_enter();
	section_leave();
}

void vcpu_configure(struct vcpu *v, uint64_t page_pfn)
{
	struct exo_vcpu_config c = {
		.entry = (uint64_t)exo_upcall_entry,
		.syscall_entry = (uint64_t)exo_syscall_entry,
		.nested_entry = (uint64_t)exo_nested_entry,
		.stack = (uint64_t)v + EXO_UPCALL_TOP,
		.nested_stack = (uint64_t)v + EXO_NESTED_TOP,
		.page_frame = cap_find(EXO_FRAME, page_pfn, 1),
		.page_pfn = page_pfn,
	};
	long error = exo_vcpu_config(v->cap, &c);

	if (error)
		libos_panic("vcpu_config: error %ld", error);
}
