/* SPDX-License-Identifier: MIT
 *
 * Calls about the system as a whole, and odds of the process.
 */
#include "exo/version.h"
#include "fs/random.h"
#include "posix/posix.h"

#define GRND_ALL 7
enum { PR_GET_DUMPABLE = 3, PR_SET_DUMPABLE = 4, PR_SET_NAME = 15, PR_GET_NAME = 16, PR_CAPBSET_READ = 23 };
#define COMM 16

struct linux_utsname { char sysname[65], nodename[65], release[65], version[65], machine[65], domain[65]; };
struct linux_sysinfo {
	int64_t uptime;
	uint64_t loads[3], total, free, shared, buffer, total_swap, free_swap;
	uint16_t procs, pad;
	uint64_t total_high, free_high;
	uint32_t unit;
};

long sys_uname(struct linux_utsname *user)
{
	struct linux_utsname u;

	memset(&u, 0, sizeof u);
	format(u.sysname, sizeof u.sysname, "Exo-OS");
	format(u.nodename, sizeof u.nodename, "%s", vfs_state()->hostname);
	format(u.release, sizeof u.release, EXO_LINUX_RELEASE);
	format(u.version, sizeof u.version, "libexo-os " EXO_VERSION);
	format(u.machine, sizeof u.machine, "x86_64");
	format(u.domain, sizeof u.domain, "(none)");
	return copy_out(user, &u, sizeof u);
}

long sys_sethostname(const char *user, int n)
{
	char name[65];

	if (n < 0 || n > 64)
		return -EINVAL;
	memset(name, 0, sizeof name);
	if (copy_in(name, user, (size_t)n) < 0)
		return -EFAULT;
	memcpy(vfs_state()->hostname, name, sizeof name);
	return 0;
}

long sys_sysinfo(struct linux_sysinfo *user)
{
	struct linux_sysinfo s;
	struct pool_stats pool;

	memset(&s, 0, sizeof s);
	pool_stats(&pool);
	s.uptime = (int64_t)(time_ns() / 1000000000);
	s.total = pool.total * EXO_PAGE_SIZE;
	s.free = pool.free * EXO_PAGE_SIZE;
	s.procs = 1;
	s.unit = 1;
	return copy_out(user, &s, sizeof s);
}

long sys_getrandom(void *user, size_t n, unsigned flags)
{
	struct io io = { user, n < RW_MAX ? n : RW_MAX, false };
	size_t wanted = io.left;

	if (flags & ~GRND_ALL)
		return -EINVAL;
	if (!user_range(user, n) || (random_put(&io, wanted) < 0 && io.left == wanted))
		return -EFAULT;
	return (long)(wanted - io.left);
}

long sys_umask(unsigned mask)
{
	uint32_t before = proc_self()->umask;

	proc_self()->umask = mask & 0777;
	return before;
}

/* musl leaves its robust list at each thread's start; it is read when a thread
 * dies while others go on. */
long sys_set_robust_list(void *head, size_t size)
{
	(void)head;
	return size == 24 ? 0 : -EINVAL;
}

static long set_name(const char *user)
{
	char name[COMM];
	long r = copy_string(name, user, sizeof name);

	if (r == -ENAMETOOLONG) {
		if (copy_in(name, user, sizeof name - 1) < 0)
			return -EFAULT;
		name[COMM - 1] = 0;
	} else if (r < 0) {
		return r;
	}
	memcpy(proc_self()->name, name, sizeof name);
	return 0;
}

static long get_name(char *user)
{
	char name[COMM];

	memcpy(name, proc_self()->name, sizeof name);
	name[COMM - 1] = 0;
	return copy_out(user, name, sizeof name);
}

long sys_prctl(int what, long arg)
{
	switch (what) {
	case PR_SET_NAME:
		return set_name((const char *)arg);
	case PR_GET_NAME:
		return get_name((char *)arg);
	case PR_GET_DUMPABLE:
		return 0;
	case PR_CAPBSET_READ:
		return arg >= 0 && arg <= 40 ? 1 : -EINVAL;
	}
	return -EINVAL;
}

/* ---- CPUs -------------------------------------------------------------------------- */

static bool is_self(int pid)
{
	return pid == 0 || pid == proc_self()->pid || pid == thread_self()->tid;
}

static uint64_t cpus(void)
{
	return (1ul << info()->cpus_running) - 1;
}

long sys_sched_getaffinity(int pid, size_t size, uint64_t *user)
{
	uint64_t mask = cpus();

	if (size < sizeof mask || size % sizeof mask)
		return -EINVAL;
	if (!is_self(pid))
		return -ESRCH;
	return copy_out(user, &mask, sizeof mask) < 0 ? -EFAULT : (long)sizeof mask;
}

/* What a program may ask for is what it has: it runs on the CPUs of its vCPUs. */
long sys_sched_setaffinity(int pid, size_t size, const uint64_t *user)
{
	uint64_t mask = 0;

	if (!is_self(pid))
		return -ESRCH;
	if (copy_in(&mask, user, size < sizeof mask ? size : sizeof mask) < 0)
		return -EFAULT;
	return (mask & cpus()) == cpus() ? 0 : -EINVAL;
}

long sys_getcpu(unsigned *cpu, unsigned *node)
{
	const unsigned zero = 0;

	if (cpu && copy_out(cpu, &zero, sizeof zero) < 0)
		return -EFAULT;
	return node ? copy_out(node, &zero, sizeof zero) : 0;
}
