/* SPDX-License-Identifier: MIT
 *
 * Signals, as far as a process sends them to itself: by kill and raise, and by the
 * keys of the terminal on which it waits. A handler is called like any function,
 * when the call that sent or unblocked its signal returns.
 */
#include "posix/posix.h"

#define SIGNALS 64
#define SIGKILL 9
#define SIGSTOP 19
#define UNMASKABLE (1ul << (SIGKILL - 1) | 1ul << (SIGSTOP - 1))
#define SIG_DFL 0
#define SIG_IGN 1
#define SA_RESTART 0x10000000u
#define SA_NODEFER 0x40000000u
#define SA_RESETHAND 0x80000000u
#define SI_TKILL (-6)
/* SIGCHLD SIGCONT SIGURG SIGWINCH; and those that stop, which nothing could end. */
#define IGNORED_BY_DEFAULT (1ul << 16 | 1ul << 17 | 1ul << 22 | 1ul << 27 | 0xful << 18)
enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };
#define SS_ONSTACK 1
#define SS_DISABLE 2
#define SS_AUTODISARM 0x80000000u
#define MINSIGSTKSZ 2048

/* Of this image: an exec takes it away. */
static struct linux_stack alternate = { .flags = SS_DISABLE };

static void set_limits(struct linux_rlimit *limit)
{
	unsigned i;

	for (i = 0; i < RLIMITS; i++)
		limit[i] = (struct linux_rlimit){ ~0ul, ~0ul };
	limit[3] = (struct linux_rlimit){ 8ul << 20, ~0ul };   /* RLIMIT_STACK  */
	limit[4] = (struct linux_rlimit){ 0, 0 };              /* RLIMIT_CORE   */
	limit[6] = (struct linux_rlimit){ 1, 1 };              /* RLIMIT_NPROC  */
	limit[7] = (struct linux_rlimit){ FD_MAX, FD_MAX };    /* RLIMIT_NOFILE */
}

/* An image that exec started finds the handlers of the one before: they are no
 * longer there. What was ignored still is. */
struct posix_state *posix_state(void)
{
	static struct posix_state *state;
	unsigned i;

	if (state)
		return state;
	state = arena_part(ARENA_POSIX, sizeof *state);
	if (!state->used)
		set_limits(state->limit);
	state->used = true;
	for (i = 1; i <= SIGNALS; i++)
		if (state->action[i].handler != SIG_IGN)
			state->action[i] = (struct linux_sigaction){ 0, 0, 0, 0 };
	return state;
}

/* ---- delivery ------------------------------------------------------------------- */

struct linux_siginfo { int32_t signo, error, code, pad, pid, uid; uint64_t rest[13]; };
typedef void handler_fn(int, struct linux_siginfo *, void *context);

static void call_handler(int sig, const struct linux_sigaction *action)
{
	struct linux_siginfo about = { .signo = sig, .code = SI_TKILL, .pid = proc_self()->pid };
	struct posix_state *state = posix_state();
	uint64_t before = state->sigmask;

	state->sigmask |= action->mask | (action->flags & SA_NODEFER ? 0 : 1ul << (sig - 1));
	if (action->flags & SA_RESETHAND)
		state->action[sig] = (struct linux_sigaction){ SIG_DFL, 0, 0, 0 };
	((handler_fn *)action->handler)(sig, &about, NULL);
	state->sigmask = before;
}

static void deliver(int sig)
{
	struct linux_sigaction action = posix_state()->action[sig];

	if (action.handler == SIG_IGN)
		return;
	if (action.handler != SIG_DFL && thread_self()->foreign)
		return; /* its handler would need the frame that it returns through */
	if (action.handler != SIG_DFL)
		call_handler(sig, &action);
	else if (!(IGNORED_BY_DEFAULT >> (sig - 1) & 1))
		proc_exit(sig);
}

/* Whether all that came wants the interrupted call to go on. */
static bool deliver_all(void)
{
	struct posix_state *state = posix_state();
	bool restart = true;

	state->pending |= __atomic_exchange_n(&tty_of(0)->signals, 0, __ATOMIC_ACQ_REL);
	while (state->pending & ~state->sigmask) {
		int sig = __builtin_ctzl(state->pending & ~state->sigmask) + 1;

		state->pending &= ~(1ul << (sig - 1));
		restart &= state->action[sig].handler == SIG_IGN || (state->action[sig].flags & SA_RESTART);
		deliver(sig);
	}
	return restart;
}

bool signals_restart(void)
{
	return deliver_all();
}

static long send(int sig)
{
	if (sig < 0 || sig > SIGNALS)
		return -EINVAL;
	if (sig)
		posix_state()->pending |= 1ul << (sig - 1);
	deliver_all();
	return 0;
}

long sys_kill(int pid, int sig)
{
	struct proc *p = proc_self();

	return pid == 0 || pid == p->pid || pid == -p->pgid ? send(sig) : -ESRCH;
}

long sys_tkill(int tid, int sig)
{
	return tid <= 0 ? -EINVAL : tid == thread_self()->tid ? send(sig) : -ESRCH;
}

long sys_tgkill(int pid, int tid, int sig)
{
	return pid <= 0 ? -EINVAL : pid == proc_self()->pid ? sys_tkill(tid, sig) : -ESRCH;
}

/* ---- what is asked and told --------------------------------------------------------- */

long sys_rt_sigaction(int sig, const struct linux_sigaction *new, struct linux_sigaction *old, size_t size)
{
	struct linux_sigaction before, after = { 0, 0, 0, 0 };

	if (size != 8 || sig < 1 || sig > SIGNALS || (new && (sig == SIGKILL || sig == SIGSTOP)))
		return -EINVAL;
	if (new && copy_in(&after, new, sizeof after) < 0)
		return -EFAULT;
	before = posix_state()->action[sig];
	if (old && copy_out(old, &before, sizeof before) < 0)
		return -EFAULT;
	if (new) {
		after.mask &= ~UNMASKABLE;
		posix_state()->action[sig] = after;
	}
	return 0;
}

long sys_rt_sigprocmask(int how, const uint64_t *new, uint64_t *old, size_t size)
{
	struct posix_state *state = posix_state();
	uint64_t before = state->sigmask, set;

	if (size != 8)
		return -EINVAL;
	if (new) {
		if (copy_in(&set, new, sizeof set) < 0)
			return -EFAULT;
		if (how != SIG_BLOCK && how != SIG_UNBLOCK && how != SIG_SETMASK)
			return -EINVAL;
		set = how == SIG_BLOCK ? before | set : how == SIG_UNBLOCK ? before & ~set : set;
		state->sigmask = set & ~UNMASKABLE;
	}
	if (old && copy_out(old, &before, sizeof before) < 0)
		return -EFAULT;
	if (state->pending & ~state->sigmask)
		deliver_all();
	return 0;
}

long sys_rt_sigpending(uint64_t *user, size_t size)
{
	uint64_t blocked = posix_state()->pending & posix_state()->sigmask;

	return size > 8 ? -EINVAL : copy_out(user, &blocked, size);
}

long sys_sigaltstack(const struct linux_stack *new, struct linux_stack *old)
{
	struct linux_stack before = alternate, after;

	if (new && copy_in(&after, new, sizeof after) < 0)
		return -EFAULT;
	if (new) {
		if ((uint32_t)after.flags & ~(SS_DISABLE | SS_ONSTACK | SS_AUTODISARM))
			return -EINVAL;
		if (!(after.flags & SS_DISABLE) && after.size < MINSIGSTKSZ)
			return -ENOMEM;
		if (after.flags & SS_DISABLE)
			after = (struct linux_stack){ .flags = SS_DISABLE };
		alternate = after;
	}
	return old ? copy_out(old, &before, sizeof before) : 0;
}
