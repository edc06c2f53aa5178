/* SPDX-License-Identifier: MIT
 *
 * Round robin: a queue, first in, first out; who has run for a slice goes to its
 * end if another is ready.
 */
#include "sched/sched.h"

#define SLICE_NS 10000000ul

static struct thread *head, *tail;      /* tail means nothing while head is NULL */
static uint64_t picks, expired;

static void enqueue(struct thread *t)
{
	t->next = NULL;
	if (head)
		tail->next = t;
	else
		head = t;
	tail = t;
}

static void dequeue(struct thread *t)
{
	struct thread *before = NULL, **at = &head;

	for (; *at != t; at = &before->next)
		before = *at;
	*at = t->next;
	if (tail == t)
		tail = before;
}

static struct thread *pick(void)
{
	struct thread *t = head;

	if (t) {
		head = t->next;
		picks++;
	}
	return t;
}

static bool tick(struct thread *current, uint64_t ran_ns)
{
	(void)current;
	expired += ran_ns >= SLICE_NS;
	return ran_ns >= SLICE_NS;
}

static void nothing(struct thread *t)
{
	(void)t;
}

static void stats(char *buf, size_t size)
{
	format(buf, size, "picks %lu\nexpired %lu\n", picks, expired);
}

const struct sched_policy exo_sched_policy = {
	.name = "rr", .text = "round robin, 10 ms slices",
	.enqueue = enqueue, .dequeue = dequeue, .pick = pick, .tick = tick,
	.block = nothing, .wake = nothing, .yield = nothing, .slice_ns = SLICE_NS, .stats = stats,
};
