/* SPDX-License-Identifier: MIT */
#include "trap.h"

#include "arch/x86_64/apic.h"
#include "arch/x86_64/cpu.h"
#include "event.h"
#include "info.h"
#include "panic.h"
#include "percpu.h"
#include "sched.h"
#include "usercopy.h"

static void interrupt(uint64_t vector) {
    struct percpu *cpu = this_cpu();

    cpu->info->interrupts++;
    cpu->work |= WORK_LOOK;
    if (vector == VEC_TIMER)
        cpu->timer = 0; /* one-shot: it is off now */
    else if (vector >= VEC_IRQ && vector < VEC_IRQ + IRQ_MAX)
        irq_fired(vector - VEC_IRQ);
    if (vector >= VEC_IRQ && vector != VEC_SPURIOUS)
        lapic_eoi();
}

/* In ring 0 only the copy from and to the user may fault. */
static void kernel_fault(struct exo_regs *regs) {
    if (regs->vector != VEC_PF || !usercopy_fixup(&regs->rip))
        panic_regs(regs);
}

void trap(struct exo_regs *regs) {
    if (regs->vector >= VEC_PIC)
        interrupt(regs->vector);
    else if (!(regs->cs & 3))
        kernel_fault(regs);
    else if (regs->vector == VEC_MC || regs->vector == VEC_DF)
        panic_regs(regs);
    else
        upcall_fault(regs, regs->vector, regs->vector == VEC_PF ? read_cr2() : 0);
    if ((regs->cs & 3) && this_cpu()->work)
        sched_exit(regs);
}

void syscall_masked(struct exo_regs *regs) {
    upcall_fault(regs, EXO_UP_SYSCALL, 0);
    if (this_cpu()->work)
        sched_exit(regs);
}
