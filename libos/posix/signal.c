/* SPDX-License-Identifier: MIT
 *
 * The state of signals: which action, which mask. It is kept and told as POSIX
 * says; nothing sends a signal yet.
 */
#include "posix/posix.h"

#define SIGNALS 64
#define SIGKILL 9
#define SIGSTOP 19
#define UNMASKABLE (1ul << (SIGKILL - 1) | 1ul << (SIGSTOP - 1))
#define SIG_IGN 1
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
	return old ? copy_out(old, &before, sizeof before) : 0;
}

long sys_rt_sigpending(uint64_t *user, size_t size)
{
	const uint64_t none = 0;

	return size > 8 ? -EINVAL : copy_out(user, &none, size);
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
