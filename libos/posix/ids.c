/* SPDX-License-Identifier: MIT
 *
 * Who one is. There is one user, root, and one process; other ids name nothing
 * that exists here, which is what Linux says of an id outside a user namespace.
 */
#include "posix/posix.h"

#define KEEP 0xffffffffu

long sys_getuid(void)
{
	return 0;
}

long sys_getgid(void)
{
	return 0;
}

long sys_geteuid(void)
{
	return 0;
}

long sys_getegid(void)
{
	return 0;
}

static long set(unsigned a, unsigned b, unsigned c)
{
	return (a && a != KEEP) || (b && b != KEEP) || (c && c != KEEP) ? -EINVAL : 0;
}

long sys_setuid(unsigned id)
{
	return id ? -EINVAL : 0;
}

long sys_setgid(unsigned id)
{
	return id ? -EINVAL : 0;
}

long sys_setreuid(unsigned real, unsigned effective)
{
	return set(real, effective, 0);
}

long sys_setregid(unsigned real, unsigned effective)
{
	return set(real, effective, 0);
}

long sys_setresuid(unsigned real, unsigned effective, unsigned saved)
{
	return set(real, effective, saved);
}

long sys_setresgid(unsigned real, unsigned effective, unsigned saved)
{
	return set(real, effective, saved);
}

static long get(unsigned *a, unsigned *b, unsigned *c)
{
	const unsigned zero = 0;

	if (copy_out(a, &zero, sizeof zero) < 0 || copy_out(b, &zero, sizeof zero) < 0)
		return -EFAULT;
	return copy_out(c, &zero, sizeof zero);
}

long sys_getresuid(unsigned *real, unsigned *effective, unsigned *saved)
{
	return get(real, effective, saved);
}

long sys_getresgid(unsigned *real, unsigned *effective, unsigned *saved)
{
	return get(real, effective, saved);
}

long sys_getgroups(int n, unsigned *user)
{
	(void)user;
	return n < 0 ? -EINVAL : 0;
}

/* Root alone, or in its own group: that is no change. */
long sys_setgroups(size_t n, const unsigned *user)
{
	unsigned group = 0;

	if (n > 1)
		return -EINVAL;
	if (n && copy_in(&group, user, sizeof group) < 0)
		return -EFAULT;
	return group ? -EINVAL : 0;
}

/* ---- process groups and sessions ---------------------------------------------- */

static bool is_self(int pid)
{
	return pid == 0 || pid == proc_self()->pid;
}

long sys_getpgrp(void)
{
	return proc_self()->pgid;
}

long sys_getpgid(int pid)
{
	return is_self(pid) ? proc_self()->pgid : -ESRCH;
}

long sys_getsid(int pid)
{
	return is_self(pid) ? proc_self()->sid : -ESRCH;
}

long sys_setpgid(int pid, int pgid)
{
	struct proc *p = proc_self();

	if (pgid < 0)
		return -EINVAL;
	if (!is_self(pid))
		return -ESRCH;
	if (pgid == 0)
		pgid = p->pid;
	if (p->sid == p->pid) /* a session's leader stays where it is */
		return pgid == p->pgid ? 0 : -EPERM;
	if (pgid != p->pid && pgid != p->pgid)
		return -EPERM;
	p->pgid = pgid;
	return 0;
}

long sys_setsid(void)
{
	struct proc *p = proc_self();

	if (p->pgid == p->pid)
		return -EPERM;
	return p->sid = p->pgid = p->pid;
}

/* There are no children. */
long sys_wait4(int pid, int *status, int options, void *usage)
{
	(void)pid, (void)status, (void)usage;
	return options & ~0xe000000b ? -EINVAL : -ECHILD;
}

long sys_waitid(int type, int id, void *user, int options, void *usage)
{
	(void)id, (void)user, (void)usage;
	return type < 0 || type > 3 || !(options & 0xe) ? -EINVAL : -ECHILD;
}
