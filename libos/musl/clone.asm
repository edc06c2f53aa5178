; SPDX-License-Identifier: MIT
; int __clone(int (*fn)(void *), void *stack, int flags, void *arg, pid_t *parent, void *tls, pid_t *child)
;
; The new thread of a clone made by call has no system-call instruction to return from. It starts as if by `ret` on the stack it
; was given, with 0 in rax: so the word at the top of that stack is where it begins.

extern exo_syscalls
global __clone:function

SYS_CLONE equ 56
SYS_EXIT equ 60

section .text
__clone:
    mov r10, [rsp + 8]                  ; child
    and rsi, -16
    sub rsi, 32
    mov qword [rsi], begin
    mov [rsi + 8], rdi                  ; fn
    mov [rsi + 16], rcx                 ; arg
    mov edi, edx                        ; the table's order: flags, stack, parent, child, tls
    mov rdx, r8
    mov rcx, r10
    mov r8, r9
    xor r9d, r9d
    sub rsp, 8
    call [exo_syscalls + SYS_CLONE * 8]
    add rsp, 8
    ret

begin:                                  ; rsp is 8 above a multiple of 16: the word that brought us here is gone
    xor ebp, ebp
    pop rax
    pop rdi
    sub rsp, 8
    call rax
    movsxd rdi, eax
    call [exo_syscalls + SYS_EXIT * 8]
    ud2
