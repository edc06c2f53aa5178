/* SPDX-License-Identifier: MIT
 * How musl makes a system call here: a C call through the libOS's table, which lies at a fixed address. With a constant number
 * it folds to one indirect call. VDSO_USEFUL stays undefined: every call is as cheap as a vDSO's. */

#define EXO_SYSCALLS 512

typedef long exo_syscall_fn(long, long, long, long, long, long);
extern exo_syscall_fn *const exo_syscalls[EXO_SYSCALLS];

#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)
#define IPC_64 0

static inline long __syscall6(long n, long a1, long a2, long a3, long a4, long a5, long a6)
{
    if ((unsigned long)n >= EXO_SYSCALLS)
        return -38; /* ENOSYS */
    return exo_syscalls[n](a1, a2, a3, a4, a5, a6);
}

/* Functions, not macros: musl wraps each in a macro of the same name. */
static inline long __syscall0(long n)
{
    return __syscall6(n, 0, 0, 0, 0, 0, 0);
}

static inline long __syscall1(long n, long a1)
{
    return __syscall6(n, a1, 0, 0, 0, 0, 0);
}

static inline long __syscall2(long n, long a1, long a2)
{
    return __syscall6(n, a1, a2, 0, 0, 0, 0);
}

static inline long __syscall3(long n, long a1, long a2, long a3)
{
    return __syscall6(n, a1, a2, a3, 0, 0, 0);
}

static inline long __syscall4(long n, long a1, long a2, long a3, long a4)
{
    return __syscall6(n, a1, a2, a3, a4, 0, 0);
}

static inline long __syscall5(long n, long a1, long a2, long a3, long a4, long a5)
{
    return __syscall6(n, a1, a2, a3, a4, a5, 0);
}
