/* SPDX-License-Identifier: MIT
 *
 * futex: wait and wake. A waiter is on a list by address; the word is looked at
 * once more when the waiter is on it, so a wake that comes between is not lost.
 */
#include "posix/posix.h"

#define BUCKETS 64
enum { WAIT, WAKE, WAIT_BITSET = 9, WAKE_BITSET = 10 };
#define PRIVATE 128
#define CLOCK_REALTIME 256
#define ANY 0xffffffffu

struct waiter {
	struct waiter *next;
	const uint32_t *word;
	uint32_t bits;
	bool woken;
	struct wait_queue queue;
};

/* Of this process: guarded by the lock of each. */
static struct bucket { struct lock lock; struct waiter *first; } buckets[BUCKETS];

static struct bucket *bucket_of(const uint32_t *word)
{
	return &buckets[((uint64_t)word >> 2) % BUCKETS];
}

static void leave(struct bucket *b, struct waiter *w)
{
	struct waiter **p = &b->first;

	while (*p && *p != w)
		p = &(*p)->next;
	if (*p)
		*p = w->next;
}

static long sleep_on(struct bucket *b, struct waiter *w, uint32_t expected, uint64_t until)
{
	struct waiter **end = &b->first;
	uint32_t now;
	long r = 0;

	lock_take(&b->lock);
	while (*end)
		end = &(*end)->next;
	*end = w;
	lock_drop(&b->lock);
	if (copy_in(&now, w->word, sizeof now) < 0)
		r = -EFAULT;
	else if (now != expected)
		r = -EAGAIN;
	lock_take(&b->lock);
	while (r == 0 && !w->woken) {
		if (until && time_ns() >= until)
			r = -ETIMEDOUT;
		else
			thread_block(&w->queue, &b->lock, until);
	}
	leave(b, w);
	r = w->woken ? 0 : r;
	lock_drop(&b->lock);
	return r;
}

/* The waiter lies in the window: the list is walked in critical sections. */
static long wait(const uint32_t *word, uint32_t expected, uint64_t until, uint32_t bits)
{
	struct waiter *w = slab_zalloc(sizeof *w);
	long r;

	if (!w)
		return -ENOMEM;
	w->word = word;
	w->bits = bits;
	r = sleep_on(bucket_of(word), w, expected, until);
	slab_free(w);
	return r;
}

static long wake(const uint32_t *word, int n, uint32_t bits)
{
	struct bucket *b = bucket_of(word);
	struct waiter *w, *next;
	long woken = 0;

	lock_take(&b->lock);
	for (w = b->first; w && woken < n; w = next) {
		next = w->next;
		if (w->word != word || !(w->bits & bits))
			continue;
		leave(b, w);
		w->woken = true;
		thread_wake(&w->queue, 1);
		woken++;
	}
	lock_drop(&b->lock);
	return woken;
}

/* WAIT counts from now, WAIT_BITSET to a point in time. */
static int until_of(const struct linux_timespec *user, int op, uint64_t *until)
{
	struct linux_timespec t;
	int64_t ns;

	if (!user || (op & ~(PRIVATE | CLOCK_REALTIME)) == WAIT)
		return deadline_of(user, until);
	if (copy_in(&t, user, sizeof t) < 0)
		return -EFAULT;
	if (t.sec < 0 || t.nsec < 0 || t.nsec >= 1000000000)
		return -EINVAL;
	ns = t.sec > 9000000000 ? INT64_MAX : t.sec * 1000000000 + t.nsec;
	if (op & CLOCK_REALTIME)
		ns -= time_real_offset();
	*until = ns > 1 ? (uint64_t)ns : POLL_NOW;
	return 0;
}

long sys_futex(uint32_t *word, int op, uint32_t value, const struct linux_timespec *timeout, uint32_t *word2, uint32_t bits)
{
	int command = op & ~(PRIVATE | CLOCK_REALTIME), r;
	uint64_t until;

	(void)word2;
	if (command != WAIT && command != WAKE && command != WAIT_BITSET && command != WAKE_BITSET)
		return -ENOSYS;
	if (command == WAIT || command == WAKE)
		bits = ANY;
	if (((uint64_t)word & 3) || !bits)
		return -EINVAL;
	if (!user_range(word, sizeof *word))
		return -EFAULT;
	if (command == WAKE || command == WAKE_BITSET)
		return wake(word, (int)value, bits);
	r = until_of(timeout, op, &until);
	return r < 0 ? r : wait(word, value, until, bits);
}
