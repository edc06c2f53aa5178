/* SPDX-License-Identifier: MIT
 *
 * An application with a scheduler of its own. policy.exo.c defines exo_sched_policy,
 * so the linker takes it and leaves the library's round robin out; there is nothing
 * else to do:
 *
 *     exo-gcc -O2 -c policy.exo.c
 *     exo-gcc -O2 main.c policy.exo.o -o priority    strict priorities: HHHMMMLLL
 *     exo-gcc -O2 main.c -o priority                 the library's own: LMHLMHLMH
 *
 * The workers are libOS threads: they have no C library state, so they only write
 * down that they ran, and main prints it.
 */
#include <stdio.h>
#include <exo/names.h>
#include "sched/sched.h"
#include "priority.h"

#define ROUNDS 3

static char order[3 * ROUNDS + 1];
static volatile unsigned ran, finished;

static void worker(void *name)
{
    for (int i = 0; i < ROUNDS; i++) {
        order[ran++] = *(const char *)name;
        thread_yield();
    }
    finished++;
}

int main(void)
{
    static const char names[] = "LMH";  /* low, middle, high: in this order they begin */

    for (unsigned i = 0; names[i]; i++) {
        struct thread *t = thread_create(worker, (void *)&names[i]);

        if (!t) {
            fprintf(stderr, "priority: no memory for a thread\n");
            return 1;
        }
        t->policy[PRIORITY] = i + 1;
    }
    while (finished < sizeof names - 1)
        thread_yield();
    printf("%s: %s\n", exo_sched_policy.name, order);
    return 0;
}
