/* SPDX-License-Identifier: MIT
 *
 * Threads that the clock will wake, the first one first.
 */
#include "sched/internal.h"

static struct thread *first;

bool sleepers_any(void)
{
	return first != NULL;
}

uint64_t sleepers_first(void)
{
	return first->wake_at;
}

void sleeper_add(struct thread *t)
{
	struct thread **at = &first;

	while (*at && (*at)->wake_at <= t->wake_at)
		at = &(*at)->sleep_next;
	t->sleep_next = *at;
	*at = t;
}

void sleeper_remove(struct thread *t)
{
	struct thread **at = &first;

	while (*at && *at != t)
		at = &(*at)->sleep_next;
	if (*at)
		*at = t->sleep_next;
}

void sleepers_wake(void)
{
	while (first && first->wake_at <= time_ns())
		thread_ready(first, 0);
}
