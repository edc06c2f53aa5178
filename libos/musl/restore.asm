; SPDX-License-Identifier: MIT
; Where a signal handler returns to: the frame is at the top of the stack. By trap rt_sigreturn finds it there, by call it is the
; first argument.

extern exo_syscalls
global __restore_rt:function hidden, __restore:function hidden

SYS_RT_SIGRETURN equ 15

section .text
__restore:
__restore_rt:
    mov rdi, rsp
    call [exo_syscalls + SYS_RT_SIGRETURN * 8]
    ud2
