/* SPDX-License-Identifier: MIT
 *
 * The system calls that libos/proc answers, for the table (libos/posix). Linux
 * semantics; negative errno.
 */
#ifndef LIBOS_PROC_SYSCALLS_H
#define LIBOS_PROC_SYSCALLS_H
#include "posix/linux.h"

/* exec.c */
long sys_execve(const char *path, char *const *argv, char *const *envp);
/* ids.c */
_Noreturn long sys_exit(long code);
_Noreturn long sys_exit_group(long code);
long sys_getpid(void);
long sys_getppid(void);
long sys_gettid(void);
long sys_set_tid_address(int *tid);
long sys_arch_prctl(long code, uint64_t addr);
long sys_sched_yield(void);
/* clock.c */
long sys_clock_gettime(long clock, struct linux_timespec *);
long sys_clock_getres(long clock, struct linux_timespec *);
long sys_gettimeofday(struct linux_timeval *, void *zone);
long sys_time(int64_t *);
long sys_nanosleep(const struct linux_timespec *, struct linux_timespec *rest);
long sys_clock_nanosleep(long clock, long flags, const struct linux_timespec *, struct linux_timespec *rest);
#endif
