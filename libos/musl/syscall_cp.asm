; SPDX-License-Identifier: MIT
; A cancellation point: long __syscall_cp_asm(volatile int *cancel, long n, six arguments).
;
; musl's SIGCANCEL handler acts when the interrupted instruction lies in [__cp_begin, __cp_end): the call has had no effect yet.
; A blocking call that a signal interrupts without effect therefore reports __cp_begin as its place, from where it starts afresh:
; the arguments stay on the stack, whose height is the same all through the range. A call that was done returns to __cp_end.

extern exo_syscalls, __cancel
global __syscall_cp_asm:function, __cp_begin:function hidden, __cp_end:function hidden, __cp_cancel:function hidden

FRAME equ 56                            ; six saved registers, and the stack aligned for the call

section .text
__syscall_cp_asm:
    sub rsp, FRAME
    mov [rsp], rdi
    mov [rsp + 8], rsi
    mov [rsp + 16], rdx
    mov [rsp + 24], rcx
    mov [rsp + 32], r8
    mov [rsp + 40], r9
__cp_begin:
    mov rax, [rsp]
    cmp dword [rax], 0
    jne __cp_cancel
    mov rax, [rsp + 8]
    cmp rax, 512
    jae unknown
    mov rdi, [rsp + 16]
    mov rsi, [rsp + 24]
    mov rdx, [rsp + 32]
    mov rcx, [rsp + 40]
    mov r8, [rsp + FRAME + 8]
    mov r9, [rsp + FRAME + 16]
    call [exo_syscalls + rax * 8]
__cp_end:
    add rsp, FRAME
    ret
unknown:
    mov rax, -38                        ; ENOSYS
    jmp __cp_end
__cp_cancel:
    add rsp, FRAME
    jmp __cancel
