/* SPDX-License-Identifier: MIT
 *
 * poll and select. The signal masks of ppoll and pselect are for signals that others
 * send; there are none yet.
 */
#include "posix/posix.h"

#define FEW 16

static long poll_until(struct linux_pollfd *user, unsigned n, uint64_t wake_at)
{
	struct linux_pollfd few[FEW], *fds = few;
	long r = -EFAULT;

	if (n > FD_MAX)
		return -EINVAL;
	if (n > FEW && !(fds = slab_alloc(n * sizeof *fds)))
		return -ENOMEM;
	if (copy_in(fds, user, n * sizeof *fds) == 0) {
		r = poll_wait(fds, n, wake_at);
		if (r == -EINTR)
			signals_restart(); /* a poll never goes on */
		else if (copy_out(user, fds, n * sizeof *fds) < 0)
			r = -EFAULT;
	}
	if (fds != few)
		slab_free(fds);
	return r;
}

long sys_poll(struct linux_pollfd *user, unsigned n, int ms)
{
	uint64_t wake_at = ms < 0 ? POLL_FOREVER : ms == 0 ? POLL_NOW : time_ns() + (uint64_t)ms * 1000000;

	return poll_until(user, n, wake_at);
}

long sys_ppoll(struct linux_pollfd *user, unsigned n, const struct linux_timespec *timeout)
{
	uint64_t wake_at;
	int r = deadline_of(timeout, &wake_at);

	return r < 0 ? r : poll_until(user, n, wake_at);
}

/* ---- select ------------------------------------------------------------------------ */

struct sets { uint64_t bits[3][FD_MAX / 64]; }; /* to read, to write, exceptional */
static const int16_t wanted[3] = { POLLIN, POLLOUT, POLLPRI };
static const unsigned meant[3] = { POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI };

static bool has(const struct sets *s, unsigned which, unsigned fd)
{
	return s->bits[which][fd / 64] >> (fd % 64) & 1;
}

static unsigned to_poll(const struct sets *s, unsigned n, struct linux_pollfd *fds)
{
	unsigned count = 0, fd, i;

	for (fd = 0; fd < n; fd++) {
		int16_t events = 0;

		for (i = 0; i < 3; i++)
			if (has(s, i, fd))
				events |= wanted[i];
		if (events)
			fds[count++] = (struct linux_pollfd){ (int)fd, events, 0 };
	}
	return count;
}

static long from_poll(struct sets *s, const struct linux_pollfd *fds, unsigned count)
{
	struct sets in = *s;
	long bits = 0;
	unsigned i, k;

	memset(s, 0, sizeof *s);
	for (k = 0; k < count; k++) {
		unsigned fd = (unsigned)fds[k].fd;

		if (fds[k].revents & POLLNVAL)
			return -EBADF;
		for (i = 0; i < 3; i++)
			if (has(&in, i, fd) && ((unsigned)(uint16_t)fds[k].revents & meant[i])) {
				s->bits[i][fd / 64] |= 1ul << (fd % 64);
				bits++;
			}
	}
	return bits;
}

static long select_until(unsigned n, uint64_t *const user[3], uint64_t wake_at)
{
	size_t bytes = (n + 63) / 64 * 8;
	struct linux_pollfd *fds;
	struct sets s;
	unsigned i, count;
	long r;

	memset(&s, 0, sizeof s);
	for (i = 0; i < 3; i++)
		if (user[i] && copy_in(s.bits[i], user[i], bytes) < 0)
			return -EFAULT;
	fds = slab_alloc((n + 1) * sizeof *fds);
	if (!fds)
		return -ENOMEM;
	count = to_poll(&s, n, fds);
	r = poll_wait(fds, count, wake_at);
	if (r == -EINTR)
		signals_restart();
	else
		r = from_poll(&s, fds, count);
	slab_free(fds);
	for (i = 0; r >= 0 && i < 3; i++)
		if (user[i] && copy_out(user[i], s.bits[i], bytes) < 0)
			return -EFAULT;
	return r;
}

long sys_select(int n, uint64_t *in, uint64_t *out, uint64_t *except, struct linux_timeval *timeout)
{
	uint64_t *const user[3] = { in, out, except };
	uint64_t wake_at = POLL_FOREVER, now;
	struct linux_timeval t;
	long r;

	if (n < 0)
		return -EINVAL;
	if (timeout) {
		if (copy_in(&t, timeout, sizeof t) < 0)
			return -EFAULT;
		if (t.sec < 0 || t.usec < 0)
			return -EINVAL;
		wake_at = t.sec > 1000000000 ? POLL_FOREVER : time_ns() + (uint64_t)t.sec * 1000000000 + (uint64_t)t.usec * 1000;
	}
	r = select_until(n > FD_MAX ? FD_MAX : (unsigned)n, user, wake_at);
	if (timeout && wake_at != POLL_FOREVER) { /* Linux tells what is left of it */
		now = time_ns();
		now = now < wake_at ? wake_at - now : 0;
		t = (struct linux_timeval){ (int64_t)(now / 1000000000), (int64_t)(now / 1000 % 1000000) };
		if (copy_out(timeout, &t, sizeof t) < 0)
			return -EFAULT;
	}
	return r;
}

long sys_pselect6(int n, uint64_t *in, uint64_t *out, uint64_t *except, const struct linux_timespec *timeout)
{
	uint64_t *const user[3] = { in, out, except };
	uint64_t wake_at;
	int r = n < 0 ? -EINVAL : deadline_of(timeout, &wake_at);

	return r < 0 ? r : select_until(n > FD_MAX ? FD_MAX : (unsigned)n, user, wake_at);
}
