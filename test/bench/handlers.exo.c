/* SPDX-License-Identifier: MIT
 *
 * The handlers of rows_events.c, as a part of the libOS.
 */
#include <exo/module.h>
#include "core/upcall.h"
#include "handlers.h"
#include "sched/sched.h"

#define ILLEGAL 6
#define UD2_BYTES 2

volatile uint64_t bench_faults, bench_rings;

/* Takes the place of the libOS's own (libos/proc/fault.c), which would end the program: goes on after the `ud2`. */
void fault_deliver(struct thread *t, unsigned vector, uint64_t error, uint64_t addr)
{
    if (vector != ILLEGAL)
        libos_panic("bench: exception %u, error 0x%lx, address 0x%lx, rip 0x%lx", vector, error, addr, t->regs.rip);
    t->regs.rip += UD2_BYTES;
    bench_faults++;
}

void bench_rung(uint32_t source)
{
    (void)source;
    bench_rings++;
}
