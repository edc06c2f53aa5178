/* SPDX-License-Identifier: MIT
 *
 * Strict priorities: who has the highest runs, in turn with its equals; the others wait.
 * All functions run in critical sections (exo/module.h says what that asks of them).
 */
#include <exo/module.h>
#include "sched/sched.h"
#include "priority.h"

static struct thread *ready, **last = &ready;   /* by arrival: a priority may still be set */
static uint64_t picks;

static void enqueue(struct thread *t)
{
    t->next = NULL;
    *last = t;
    last = &t->next;
}

static void take(struct thread **at)
{
    if (last == &(*at)->next)
        last = at;
    *at = (*at)->next;
}

static void dequeue(struct thread *t)
{
    struct thread **at = &ready;

    while (*at != t)
        at = &(*at)->next;
    take(at);
}

/* Where the first of the most urgent ones is linked; NULL there if none is ready. */
static struct thread **most_urgent(void)
{
    struct thread **best = &ready;

    for (struct thread **at = &ready; *at; at = &(*at)->next)
        if ((*at)->policy[PRIORITY] > (*best)->policy[PRIORITY])
            best = at;
    return best;
}

static struct thread *pick(void)
{
    struct thread **at = most_urgent(), *t = *at;

    if (t) {
        take(at);
        picks++;
    }
    return t;
}

static bool tick(struct thread *current, uint64_t ran_ns)
{
    const struct thread *t = *most_urgent();

    (void)ran_ns;
    return t && t->policy[PRIORITY] >= current->policy[PRIORITY];
}

static void nothing(struct thread *t)
{
    (void)t;
}

static void stats(char *buf, size_t size)
{
    format(buf, size, "picks %lu\n", picks);
}

const struct sched_policy exo_sched_policy = {
    .name = "priority", .text = "strict priorities, 1 ms slices among equals",
    .enqueue = enqueue, .dequeue = dequeue, .pick = pick, .tick = tick,
    .block = nothing, .wake = nothing, .yield = nothing, .slice_ns = 1000000, .stats = stats,
};
