/* SPDX-License-Identifier: MIT
 *
 * The system-call table and what its handlers share. A handler takes the
 * arguments of the Linux call in registers, checks them, and returns a result or
 * a negative errno.
 */
#ifndef LIBOS_POSIX_H
#define LIBOS_POSIX_H
#include "vfs/vfs.h"

#define SYSCALLS 512
typedef long syscall_fn(long, long, long, long, long, long);
extern syscall_fn *const exo_syscalls[SYSCALLS];

/* What a process keeps across exec beside its files; in the arena. */
struct linux_sigaction { uint64_t handler, flags, restorer, mask; };
struct linux_stack { uint64_t base; int32_t flags, pad; uint64_t size; };
struct linux_rlimit { uint64_t current, max; };
#define RLIMITS 16
struct posix_state {
	bool used;
	struct linux_sigaction action[65];
	uint64_t sigmask, pending;
	struct linux_rlimit limit[RLIMITS];
};
struct posix_state *posix_state(void);

/* After a call that came back with -EINTR: what is pending is delivered. True: the
 * call is to go on. */
bool signals_restart(void);

/* ---- names: a path argument and the directory it begins at --------------------- */
struct at { struct path base; char name[PATH_MAX]; };
int at_begin(struct at *, int dirfd, const char *user);  /* 0: at_end later       */
void at_end(struct at *);
/* Short for what is done under one lock: 0 leaves it held, base is not referenced. */
int at_enter(struct at *, int dirfd, const char *user);
/* What is called so; flags are AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH. Referenced,
 * to be dropped with path_done; the locked form leaves the lock held on success. */
int at_find_locked(int dirfd, const char *user, unsigned flags, struct path *out);
int at_find(int dirfd, const char *user, unsigned flags, struct path *out);
void path_done(struct path *);

/* ---- times ------------------------------------------------------------------------ */
/* A relative timespec (NULL: for ever) as the time_ns at which it is over. */
int deadline_of(const struct linux_timespec *user, uint64_t *wake_at);
static inline struct linux_timespec timespec_of(int64_t ns)
{
	int64_t sec = ns / 1000000000 - (ns % 1000000000 < 0);

	return (struct linux_timespec){ sec, ns - sec * 1000000000 };
}
uint64_t cpu_ns(void);                   /* CPU time of this process             */
#endif
