/* SPDX-License-Identifier: MIT */
/* Events: upcalls into a vCPU, interrupts that become bits of its pending word, and its faults. */
#pragma once

#include "env.h"

/* Saves *regs in save[level] and makes *regs enter the libOS: level 0 from open, 1 from masked. */
void upcall(struct vcpu *v, struct exo_regs *regs, unsigned level, uint64_t kind, uint64_t address);
/* An exception of the current vCPU, or a foreign system call while it was masked. */
void upcall_fault(struct exo_regs *regs, uint64_t kind, uint64_t address);

void irq_fired(uint32_t source);
void irq_bind(struct table *t, uint32_t source, struct vcpu *v, uint32_t bit, uint32_t flags);
int irq_ack(struct table *t, uint32_t source);
/* Takes bindings back: of this table in the range, or (v not NULL) those of this table, or of any (t = NULL), to v. */
void irq_unbind(struct table *t, uint64_t first, uint64_t count, struct vcpu *v);

/* The instruction that lets interrupts in while the CPU sleeps, and the way to ring 3. (entry.asm) */
void wait_for_interrupt(void);
/* Data segment selectors mean nothing in long mode, but ring 3 can load and read them. Loses ring 3's FS and GS base. */
void clear_selectors(void);
_Noreturn void return_to_user(struct exo_regs *regs);
