/* SPDX-License-Identifier: MIT
 * The calls that musl makes in assembly although C will do once a system call is a function call. */
#include "syscall_arch.h"
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ARCH_SET_FS = 0x1002 };

int __set_thread_area(void *pointer)
{
    return (int)__syscall2(SYS_arch_prctl, ARCH_SET_FS, (long)pointer);
}

/* The frame of this function would not survive a child that returns from it on the same stack, so the libOS answers vfork with
 * a child that has its own copy. */
pid_t vfork(void)
{
    long result = __syscall0(SYS_vfork);
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    return (pid_t)result;
}
