/* SPDX-License-Identifier: MIT
 *
 * Resource limits and use.
 */
#include "posix/posix.h"

#define RLIMIT_NOFILE 7
#define TICK_NS 10000000 /* of times(): 100 a second */

struct linux_rusage { struct linux_timeval user, system; int64_t rest[14]; };

int deadline_of(const struct linux_timespec *user, uint64_t *wake_at)
{
	struct linux_timespec t;

	*wake_at = 0;
	if (!user)
		return 0;
	if (copy_in(&t, user, sizeof t) < 0)
		return -EFAULT;
	if (t.sec < 0 || t.nsec < 0 || t.nsec >= 1000000000)
		return -EINVAL;
	if (t.sec < 1000000000) /* longer is for ever */
		*wake_at = t.sec || t.nsec ? time_ns() + (uint64_t)t.sec * 1000000000 + (uint64_t)t.nsec : POLL_NOW;
	return 0;
}

uint64_t cpu_ns(void)
{
	return thread_run_ns(thread_self());
}

static int get_limit(unsigned which, struct linux_rlimit *user)
{
	struct linux_rlimit now = posix_state()->limit[which];

	return copy_out(user, &now, sizeof now);
}

static int set_limit(unsigned which, const struct linux_rlimit *user)
{
	struct linux_rlimit new;

	if (copy_in(&new, user, sizeof new) < 0)
		return -EFAULT;
	if (new.current > new.max)
		return -EINVAL;
	if (which == RLIMIT_NOFILE && new.max > FD_MAX)
		return -EPERM;
	posix_state()->limit[which] = new;
	if (which == RLIMIT_NOFILE)
		files_self()->limit = (uint32_t)new.current;
	return 0;
}

long sys_prlimit64(int pid, unsigned which, const struct linux_rlimit *new, struct linux_rlimit *old)
{
	int r = 0;

	if (which >= RLIMITS)
		return -EINVAL;
	if (pid && pid != proc_self()->pid)
		return -ESRCH;
	if (old)
		r = get_limit(which, old);
	return r == 0 && new ? set_limit(which, new) : r;
}

long sys_getrlimit(unsigned which, struct linux_rlimit *user)
{
	return which >= RLIMITS ? -EINVAL : get_limit(which, user);
}

long sys_setrlimit(unsigned which, const struct linux_rlimit *user)
{
	return which >= RLIMITS ? -EINVAL : set_limit(which, user);
}

/* All time counts as the user's: the libOS is part of the program. */
long sys_getrusage(int who, struct linux_rusage *user)
{
	struct linux_rusage u;
	uint64_t ns = cpu_ns();

	if (who < -1 || who > 1)
		return -EINVAL;
	memset(&u, 0, sizeof u);
	if (who != -1)
		u.user = (struct linux_timeval){ (int64_t)(ns / 1000000000), (int64_t)(ns / 1000 % 1000000) };
	return copy_out(user, &u, sizeof u);
}

long sys_times(int64_t *user)
{
	int64_t t[4] = { (int64_t)(cpu_ns() / TICK_NS), 0, 0, 0 };

	if (user && copy_out(user, t, sizeof t) < 0)
		return -EFAULT;
	return (long)(time_ns() / TICK_NS);
}
