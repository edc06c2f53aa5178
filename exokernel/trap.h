/* SPDX-License-Identifier: MIT */
/* What the stubs in arch/x86_64/entry.asm leave on the kernel stack, in memory order. */
#pragma once

#include <stdint.h>

#include "exo/abi/upcall.h" /* struct exo_regs: what the stubs leave */

_Static_assert(sizeof(struct exo_regs) == 176, "entry.asm knows this size");

enum {
    VEC_DB = 1,
    VEC_NMI = 2,
    VEC_BP = 3,
    VEC_OF = 4,
    VEC_DF = 8,
    VEC_GP = 13,
    VEC_PF = 14,
    VEC_MC = 18,
    VEC_PIC = 0x20, /* 16 vectors of the legacy PICs, which are masked: only spurious ones can come */
    VEC_IRQ = 0x30, /* the first of IRQ_MAX vectors, one for each interrupt source */
    VEC_TIMER = 0xf0,
    VEC_APIC_ERROR = 0xf1,
    VEC_SPURIOUS = 0xff, /* takes no EOI */
};

/* From entry.asm, interrupts off; *regs goes back to where it came from, or to whom sched_exit chose. */
void trap(struct exo_regs *regs);
void syscall_masked(struct exo_regs *regs);

#define IRQ_MAX 128
_Static_assert(VEC_IRQ + IRQ_MAX <= VEC_TIMER, "vectors overlap");
