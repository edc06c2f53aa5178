/* SPDX-License-Identifier: MIT
 *
 * Clocks that can be read, and sleeping by them.
 */
#include "proc/syscalls.h"
#include "sched/sched.h"

#define NS 1000000000l
#define TIMER_ABSTIME 1
#define SECONDS_MAX (INT64_MAX / NS - 1)

enum { REALTIME, MONOTONIC, PROCESS_CPUTIME, THREAD_CPUTIME, MONOTONIC_RAW, REALTIME_COARSE,
	MONOTONIC_COARSE, BOOTTIME, REALTIME_ALARM, BOOTTIME_ALARM, TAI = 11 };

static int64_t real_now(void)
{
	return (int64_t)time_ns() + time_real_offset();
}

/* False: no such clock. The threads of a process share its first one's CPU time until
 * there is a call that makes a second thread. */
static bool clock_read(long clock, int64_t *ns)
{
	switch (clock) {
	case REALTIME: case REALTIME_COARSE: case REALTIME_ALARM: case TAI:
		*ns = real_now();
		return true;
	case MONOTONIC: case MONOTONIC_RAW: case MONOTONIC_COARSE: case BOOTTIME: case BOOTTIME_ALARM:
		*ns = (int64_t)time_ns();
		return true;
	case PROCESS_CPUTIME: case THREAD_CPUTIME:
		*ns = (int64_t)thread_run_ns(thread_self());
		return true;
	default:
		return false;
	}
}

long sys_clock_gettime(long clock, struct linux_timespec *user)
{
	struct linux_timespec t;
	int64_t ns;

	if (!clock_read(clock, &ns))
		return -EINVAL;
	t = (struct linux_timespec){ ns / NS, ns % NS };
	return copy_out(user, &t, sizeof t);
}

long sys_clock_getres(long clock, struct linux_timespec *user)
{
	const struct linux_timespec one = { 0, 1 };
	int64_t ns;

	if (!clock_read(clock, &ns))
		return -EINVAL;
	return user ? copy_out(user, &one, sizeof one) : 0;
}

long sys_gettimeofday(struct linux_timeval *user, void *zone)
{
	int64_t ns = real_now();
	const struct linux_timeval t = { ns / NS, ns % NS / 1000 };
	const int32_t utc[2] = { 0, 0 };

	if (user && copy_out(user, &t, sizeof t) < 0)
		return -EFAULT;
	return zone ? copy_out(zone, utc, sizeof utc) : 0;
}

long sys_time(int64_t *user)
{
	int64_t t = real_now() / NS;

	return user && copy_out(user, &t, sizeof t) < 0 ? -EFAULT : t;
}

long sys_clock_nanosleep(long clock, long flags, const struct linux_timespec *user, struct linux_timespec *rest)
{
	struct linux_timespec t;
	int64_t now, until;

	(void)rest;             /* is written when a signal interrupts */
	if (clock == THREAD_CPUTIME || clock == PROCESS_CPUTIME || !clock_read(clock, &now))
		return clock == THREAD_CPUTIME || clock < 0 || clock > TAI ? -EINVAL : -EOPNOTSUPP;
	if (copy_in(&t, user, sizeof t) < 0)
		return -EFAULT;
	if (t.sec < 0 || t.nsec < 0 || t.nsec >= NS)
		return -EINVAL;
	until = t.sec > SECONDS_MAX ? INT64_MAX : t.sec * NS + t.nsec;
	if (flags & TIMER_ABSTIME)
		until -= now - (int64_t)time_ns();
	else if (__builtin_add_overflow(until, (int64_t)time_ns(), &until))
		until = INT64_MAX;
	if (until > 0)
		thread_sleep((uint64_t)until);
	return 0;
}

long sys_nanosleep(const struct linux_timespec *user, struct linux_timespec *rest)
{
	return sys_clock_nanosleep(MONOTONIC, 0, user, rest);
}
