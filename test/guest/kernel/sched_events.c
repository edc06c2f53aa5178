/* SPDX-License-Identifier: MIT */
/* Yields, waits, the timer, and interrupts. */
#include "rt.h"

#define BELL (1ul << 9)
#define TIMER (1ul << EXO_EV_TIMER)
#define MS (info->tsc_khz)

static volatile uint64_t ran;

static void count_once(void *arg)
{
    (void)arg;
    ran++;
}

TEST(yield_directed)
{
    struct child c;

    child_make(&c, NULL, count_once, NULL);
    REFUSED(EXO_EBUSY, exo_yield(c.vcpu, 0, 0)); /* stopped */
    ran = 0;
    child_start(&c);
    EQUAL(exo_yield(c.vcpu, 0, 0), 0);
    EQUAL(ran, 1);
    REFUSED(EXO_EBUSY, exo_yield(c.vcpu, 0, 0)); /* it waits */
    REFUSED(EXO_EBUSY, exo_yield(BOOT(VCPU), 0, 0)); /* ourselves */
    REFUSED(EXO_EINVAL, exo_yield(0, 2, 0));
    REFUSED(EXO_EINVAL, exo_yield(0, ~0ul, 0));
    EQUAL(exo_yield(0, 0, 0), 0); /* nobody else: it comes back */
}

TEST(wait_until)
{
    for (unsigned ms = 1; ms < 300; ms *= 7) {
        uint64_t begin = now();
        EQUAL(exo_yield(0, EXO_YIELD_WAIT, begin + ms * MS), 0);
        uint64_t took = now() - begin;
        CHECK(took >= ms * MS);
        CHECK(took < ms * MS + 3 * MS);
    }
    uint64_t begin = now();
    EQUAL(exo_yield(0, EXO_YIELD_WAIT, 1), 0); /* long past */
    CHECK(now() - begin < 3 * MS);
}

static void ring_parent(void *arg)
{
    (void)arg;
    for (uint64_t end = now() + 5 * MS; now() < end;)
        ;
    exo_doorbell(BOOT(VCPU), BELL);
    for (;;)
        ran++;
}

TEST(wait_for_doorbell)
{
    struct child c;
    struct range slices = find_cap(EXO_SLICE, 0, EXO_R_BIND);

    child_make(&c, NULL, ring_parent, NULL);
    EQUAL(exo_slice_bind(slices.handle, 64, 64, c.vcpu, 0), 0);
    child_start(&c);
    rt_self()->page.enabled = BELL;
    rt_self()->events = 0;
    uint64_t begin = now();
    EQUAL(exo_yield(0, EXO_YIELD_WAIT, 0), 0);
    CHECK(now() - begin >= 5 * MS);
    CHECK(now() - begin < 2 * EXO_SLOTS * info->slot_ticks);
    EQUAL(rt_self()->events & BELL, BELL);
    rt_self()->page.mask = 1; /* pending already: no wait at all */
    EQUAL(exo_doorbell(BOOT(VCPU), BELL), 0);
    EQUAL(exo_yield(0, EXO_YIELD_WAIT, 0), 0);
    rt_self()->page.mask = 0;
    exo_timer(0);
    roots_restore();
}

TEST(timer_fires)
{
    struct rt_vcpu *v = rt_self();

    v->page.enabled = TIMER;
    for (unsigned us = 100; us < 20000; us *= 5) {
        v->events = 0;
        uint64_t deadline = now() + us * MS / 1000;
        EQUAL(exo_timer(deadline), 0);
        while (!*(volatile uint64_t *)&v->events)
            if (now() > deadline + 2 * MS)
                break;
        EQUAL(v->events, TIMER);
        CHECK(now() >= deadline);
        CHECK(now() < deadline + MS);
    }
    v->events = 0;
    EQUAL(exo_timer(1), 0); /* past: at once */
    EQUAL(v->events, TIMER);
    v->events = 0;
    EQUAL(exo_timer(now() + MS), 0);
    EQUAL(exo_timer(0), 0);
    for (uint64_t end = now() + 3 * MS; now() < end;)
        ;
    EQUAL(v->events, 0);
    uint64_t begin = now(); /* it ends a wait */
    EQUAL(exo_timer(begin + 5 * MS), 0);
    EQUAL(exo_yield(0, EXO_YIELD_WAIT, 0), 0);
    CHECK(now() - begin >= 5 * MS && now() - begin < 8 * MS);
    EQUAL(v->events, TIMER);
    EQUAL(exo_timer(~0ul), 0); /* never */
    EQUAL(exo_timer(0), 0);
}

/* ---- interrupts: COM1's "transmitter empty", source 4 ------------------------------------------------- */

#define COM1 0x3f8
#define IRQ_BIT 10

static void uart_interrupt(bool on)
{
    for (unsigned i = 0; i < 100000 && !(inb(COM1 + 5) & 0x40); i++) /* what was said before is out */
        ;
    if (!on)
        inb(COM1 + 2); /* reading IIR takes the request back */
    outb(COM1 + 4, 0x0b);
    outb(COM1 + 1, on ? 2 : 0);
}

static uint64_t irq_pending(void)
{
    for (uint64_t end = now() + MS; now() < end;)
        exo_null();
    return __atomic_fetch_and(&rt_self()->page.pending, ~(1ul << IRQ_BIT), __ATOMIC_SEQ_CST) >> IRQ_BIT & 1;
}

TEST(irq_bind_and_ack)
{
    struct range irqs = find_cap(EXO_IRQ, 4, EXO_R_BIND);

    uart_interrupt(false);
    REFUSED(EXO_EBUSY, exo_irq_ack(irqs.handle, 4));
    EQUAL(exo_irq_bind(irqs.handle, 4, BOOT(VCPU), IRQ_BIT, 0), 0);
    EQUAL(irq_pending(), 0);
    uart_interrupt(true);
    EQUAL(irq_pending(), 1);
    uart_interrupt(false);
    uart_interrupt(true); /* not acknowledged: nothing comes */
    EQUAL(irq_pending(), 0);
    uart_interrupt(false);
    EQUAL(exo_irq_ack(irqs.handle, 4), 0);
    irq_pending();
    EQUAL(exo_irq_ack(irqs.handle, 4), 0);
    uart_interrupt(true);
    EQUAL(irq_pending(), 1);
    uart_interrupt(false);
    EQUAL(exo_irq_bind(irqs.handle, 4, 0, 0, 0), 0);
    REFUSED(EXO_EBUSY, exo_irq_ack(irqs.handle, 4));
    uart_interrupt(true);
    EQUAL(irq_pending(), 0);
    uart_interrupt(false);
}

/* It ends a wait, and with its capability goes the binding. */
TEST(irq_wakes_and_is_revoked)
{
    struct range irqs = find_cap(EXO_IRQ, 8, EXO_R_BIND);
    long one = exo_cap_derive(irqs.handle, 8, 1, EXO_R_BIND, OWN, slot_take());
    struct rt_vcpu *v = rt_self();

    REFUSED(EXO_ERANGE, exo_irq_bind(one, 4, BOOT(VCPU), IRQ_BIT, 0));
    REFUSED(EXO_ERANGE, exo_irq_ack(one, 4));
    EQUAL(exo_irq_bind(one, 8, BOOT(VCPU), IRQ_BIT, 0), 0);
    v->page.enabled = 1ul << IRQ_BIT;
    v->events = 0;
    outb(0x70, 0x0a);
    outb(0x71, 0x26); /* RTC: 1024 Hz */
    outb(0x70, 0x0b);
    outb(0x71, 0x42); /* periodic interrupt on */
    for (unsigned i = 0; i < 5; i++) {
        outb(0x70, 0x0c);
        inb(0x71);
        EQUAL(exo_irq_ack(one, 8), 0);
        EQUAL(exo_yield(0, EXO_YIELD_WAIT, now() + 1000 * MS), 0);
        EQUAL(v->events, 1ul << IRQ_BIT);
        v->events = 0;
    }
    EQUAL(drop(OWN, one), 0);
    REFUSED(EXO_EBUSY, exo_irq_ack(irqs.handle, 8));
    outb(0x70, 0x0c);
    inb(0x71);
    EQUAL(exo_yield(0, EXO_YIELD_WAIT, now() + 10 * MS), 0);
    EQUAL(v->events, 0);
    outb(0x70, 0x0b);
    outb(0x71, 0x02);
    roots_restore();
}

TEST(irq_arguments)
{
    struct range irqs = find_cap(EXO_IRQ, 4, EXO_R_BIND);
    long some = exo_cap_derive(BOOT(VCPU), inspect(EXO_BOOT_VCPU).base + 20, 4, EXO_R_RING, OWN, slot_take());
    const uint64_t sources[] = {irqs.base + irqs.count, 127, 128, 1ul << 32, ~0ul};

    for (unsigned i = 0; i < 5; i++) {
        REFUSED(EXO_ERANGE, exo_irq_bind(irqs.handle, sources[i], BOOT(VCPU), IRQ_BIT, 0));
        REFUSED(EXO_ERANGE, exo_irq_ack(irqs.handle, sources[i]));
    }
    for (unsigned bit = 0; bit < 8; bit++)
        REFUSED(EXO_EINVAL, exo_irq_bind(irqs.handle, 4, BOOT(VCPU), bit, 0));
    REFUSED(EXO_ERANGE, exo_irq_bind(irqs.handle, 4, BOOT(VCPU), 64, 0));
    REFUSED(EXO_ERANGE, exo_irq_bind(irqs.handle, 4, BOOT(VCPU), ~0ul, 0));
    REFUSED(EXO_ERANGE, exo_irq_bind(irqs.handle, 4, some, 24, 0));
    REFUSED(EXO_EINVAL, exo_irq_bind(irqs.handle, 4, BOOT(VCPU), IRQ_BIT, 4));
    REFUSED(EXO_EINVAL, exo_irq_bind(irqs.handle, 4, BOOT(VCPU), IRQ_BIT, ~0ul));
    EQUAL(drop(OWN, some), 0);
    roots_restore();
}
