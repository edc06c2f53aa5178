/* SPDX-License-Identifier: MIT
 *
 * The system-call table: what musl calls, and where reflected `syscall`s go.
 */
#include "posix/posix.h"

/* The handlers' own types differ; here only their addresses are wanted. */
#define SYSCALL(number, name) __typeof__(long ()) sys_##name;
#include "posix/syscalls.def"
#undef SYSCALL

static bool tell_unknown(void)
{
	static int8_t told; /* 0: not asked yet */
	char text[4];

	if (!told)
		told = boot_option("unknown", text, sizeof text) ? 1 : -1;
	return told > 0;
}

static __attribute__((noinline)) long unknown(unsigned number)
{
	uint32_t before = __atomic_fetch_add(&vfs_state()->unknown_calls[number], 1, __ATOMIC_RELAXED);

	if (before == 0 && tell_unknown())
		log_printf("exo: %s: system call %u is unknown\n", proc_self()->name, number);
	return -ENOSYS;
}

/* A call has no register that says its number, so each unknown one has an entry
 * of its own. */
#define ONE(n) static long unknown_##n(void) { return unknown(0##n); }
#define EIGHT(n) ONE(n##0) ONE(n##1) ONE(n##2) ONE(n##3) ONE(n##4) ONE(n##5) ONE(n##6) ONE(n##7)
#define SIXTY_FOUR(n) EIGHT(n##0) EIGHT(n##1) EIGHT(n##2) EIGHT(n##3) EIGHT(n##4) EIGHT(n##5) EIGHT(n##6) EIGHT(n##7)
SIXTY_FOUR(0) SIXTY_FOUR(1) SIXTY_FOUR(2) SIXTY_FOUR(3) SIXTY_FOUR(4) SIXTY_FOUR(5) SIXTY_FOUR(6) SIXTY_FOUR(7)
#undef ONE

/* First all unknown (the numbers are octal), then the known ones over them. */
#pragma GCC diagnostic ignored "-Woverride-init"
#define ENTRY(f) (syscall_fn *)(void *)(f)
#define ONE(n) [0##n] = ENTRY(unknown_##n),
#define SYSCALL(number, name) [number] = ENTRY(sys_##name),
syscall_fn *const exo_syscalls[SYSCALLS] = {
	SIXTY_FOUR(0) SIXTY_FOUR(1) SIXTY_FOUR(2) SIXTY_FOUR(3)
	SIXTY_FOUR(4) SIXTY_FOUR(5) SIXTY_FOUR(6) SIXTY_FOUR(7)
#include "posix/syscalls.def"
};
