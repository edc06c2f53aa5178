/* SPDX-License-Identifier: MIT
 *
 * Who one is, and leaving.
 */
#include "core/upcall.h"
#include "proc/exec.h"
#include "proc/syscalls.h"
#include "sched/sched.h"

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

_Noreturn long sys_exit_group(long code)
{
	proc_exit((int)(code & 0xff) << 8);
}

/* The first thread is the only one that a program has: clone answers ENOSYS. */
_Noreturn long sys_exit(long code)
{
	sys_exit_group(code);
}

long sys_getpid(void)
{
	return VCPU->proc->pid; /* without a further call: this is what a call costs at least */
}

long sys_getppid(void)
{
	return VCPU->proc->ppid;
}

long sys_gettid(void)
{
	return VCPU->current->tid;
}

/* The word is cleared when a thread ends while others share its memory. */
long sys_set_tid_address(int *tid)
{
	(void)tid;
	return thread_self()->tid;
}

void thread_set_fs(uint64_t addr)
{
	section_enter();
	thread_self()->fs_base = addr;
	if (VCPU->features & EXO_CPU_FSGSBASE)
		__asm__ volatile("wrfsbase %0" : : "r"(addr));
	else
		exo_set_base(EXO_BASE_FS, addr);
	section_leave();
}

static uint64_t get_fs(void)
{
	uint64_t addr = thread_self()->fs_base;

	if (VCPU->features & EXO_CPU_FSGSBASE)
		__asm__ volatile("rdfsbase %0" : "=r"(addr));
	return addr;
}

/* %gs is the libOS's. */
long sys_arch_prctl(long code, uint64_t addr)
{
	uint64_t fs;

	switch (code) {
	case ARCH_SET_FS:
		if (addr >= EXO_WINDOW)
			return -EPERM;
		thread_set_fs(addr);
		return 0;
	case ARCH_GET_FS:
		fs = get_fs();
		return copy_out((void *)addr, &fs, sizeof fs);
	case ARCH_SET_GS:
	case ARCH_GET_GS:
		return -EPERM;
	default:
		return -EINVAL;
	}
}

long sys_sched_yield(void)
{
	thread_yield();
	return 0;
}
