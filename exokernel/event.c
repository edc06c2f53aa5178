/* SPDX-License-Identifier: MIT */
#include "event.h"

#include "arch/x86_64/apic.h"
#include "exo/abi/info.h"
#include "frame.h"
#include "percpu.h"
#include "sched.h"

#define UPCALL_FLAGS 0x202 /* IF and the bit that is always 1 */

void upcall(struct vcpu *v, struct exo_regs *regs, unsigned level, uint64_t kind, uint64_t address) {
    struct exo_vcpu_page *page = v->page;

    page->save[level] = *regs;
    page->fault_addr[level] = address;
    page->mask = level + 1;
    regs->rip = level ? v->nested_entry : v->entry;
    regs->rsp = level ? v->nested_stack : v->stack;
    regs->rflags = UPCALL_FLAGS;
    regs->rdi = kind;
    regs->rsi = page->self;
    this_cpu()->info->upcalls++;
}

void upcall_fault(struct exo_regs *regs, uint64_t kind, uint64_t address) {
    struct vcpu *v = this_cpu()->vcpu;
    uint32_t mask = v->page ? v->page->mask : 2;

    if (mask < 2) {
        upcall(v, regs, mask, kind, address);
        return;
    }
    v->regs = *regs;
    vcpu_fault(v);
}

/* ---- interrupts ---------------------------------------------------------------------- */

/* A source is masked but for the time between its holder's acknowledgement and its next interrupt. */
static struct irq {
    uint32_t vcpu, table; /* pfn; vcpu = 0: not bound */
    uint32_t bit;
} irqs[IRQ_MAX];

void irq_fired(uint32_t source) {
    struct irq *irq = &irqs[source];

    ioapic_mask(source, true);
    if (irq->vcpu)
        vcpu_ring(frame_at(irq->vcpu), 1ul << irq->bit);
}

static void irq_clear(uint32_t source) {
    ioapic_mask(source, true);
    irqs[source] = (struct irq){0};
}

void irq_bind(struct table *t, uint32_t source, struct vcpu *v, uint32_t bit, uint32_t flags) {
    irq_clear(source);
    if (!v)
        return;
    irqs[source] = (struct irq){v->pfn, t->pfn, bit};
    ioapic_route(source, VEC_IRQ + source, this_cpu()->apic_id, flags & EXO_IRQ_LEVEL, flags & EXO_IRQ_LOW);
    ioapic_mask(source, false);
}

int irq_ack(struct table *t, uint32_t source) {
    if (!irqs[source].vcpu || irqs[source].table != t->pfn)
        return -EXO_EBUSY;
    ioapic_mask(source, false);
    return 0;
}

void irq_unbind(struct table *t, uint64_t first, uint64_t count, struct vcpu *v) {
    for (uint64_t i = first; i < first + count && i < irq_sources(); i++)
        if (irqs[i].vcpu && (!t || irqs[i].table == t->pfn) && (!v || irqs[i].vcpu == v->pfn))
            irq_clear(i);
}
