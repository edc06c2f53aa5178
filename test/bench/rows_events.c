/* SPDX-License-Identifier: MIT
 *
 * Upcalls: from the instruction that is interrupted to the next one, through the
 * libOS's own entry and resumption.
 */
#include "bench.h"
#include <exo/names.h>
#include "core/upcall.h"
#include "handlers.h"

#define BELL 63
#define SOON 200000 /* ticks: further than the call that arms the timer takes, on a loaded host too */

/* A timer that fires while the program computes: the longest gap between two looks at the clock, less the usual one. */
static void timer_row(void)
{
    const uint64_t usual = bench_empty(0);

    for (int number = -2; number < SAMPLES; number++) {
        uint64_t now = ticks(), before, gap = 0;
        int fired = 0;

        VCPU->timer_at = now + SOON;                    /* as the libOS does; its handler resets it */
        exo_timer(now + SOON);
        for (now = ticks(); !fired;) {
            fired = VCPU->timer_at == UINT64_MAX;
            before = now;
            now = ticks();
            gap = now - before > gap ? now - before : gap;
        }
        bench_sample(number, gap);
    }
    bench_row("timer_upcall", 1, usual);
}

void bench_events(void)
{
    exo_cap_t self = VCPU->cap;

    BENCH("fault_upcall", 1000, __asm__ volatile("ud2"));
    bench_require(bench_faults == 1000 * (SAMPLES + 2), "not every fault was handled");
    bell_attach(BELL, bench_rung);
    BENCH("doorbell_self", 1000, exo_doorbell(self, 1ul << BELL));
    bench_require(bench_rings == 1000 * (SAMPLES + 2), "not every doorbell was heard");
    timer_row();
}
