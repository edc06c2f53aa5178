; SPDX-License-Identifier: MIT
; Start, upcalls and resumption of the kernel tests (rt.h). %gs points to the vCPU's page; resumption is by a jump, as
; QEMU's TCG refuses an iretq to the same ring where SMAP is on.

extern rt_main, rt_upcall, rt_upcall_again, rt_nested, rt_child_end
global _start, rt_catch, rt_upcall_entry, rt_nested_entry, rt_syscall_entry, rt_child_start, rt_resume, rt_resume_begin, rt_resume_end
global rt_raw_call

P_SELF      equ 24              ; struct exo_vcpu_page
P_SAVE0     equ 72
P_SAVE1     equ 248
V_CTX       equ 424             ; struct rt_vcpu
V_RIP       equ 600
V_CATCH     equ 608
V_ARMED     equ 672
V_STACK     equ 680
R_RIP       equ 136             ; struct exo_regs
R_FLAGS     equ 152
R_RSP       equ 160

section .bss nobits alloc write align=16
        resb 32768
stack_top:

section .text
_start: mov rsp, stack_top
        xor ebp, ebp
        call rt_main
        ud2

; rdi = main, rsi = arg, rsp = its stack (VCPU_SET)
rt_child_start:
        mov rax, rdi
        mov rdi, rsi
        xor ebp, ebp
        call rax
.end:   call rt_child_end
        jmp .end

rt_upcall_entry:
        call rt_upcall          ; (kind, page)
rt_resume:
        mov rsi, [gs:P_SELF]
rt_resume_begin:                ; an upcall from here on finds the context in ctx, unharmed
        mov dword [rsi], 0
        mov rax, [rsi + 8]
        test rax, [rsi + 16]
        jnz .pending
        mov rax, [rsi + V_CTX + R_RIP]
        mov [rsi + V_RIP], rax
        lea rsp, [rsi + V_CTX]
        pop r15
        pop r14
        pop r13
        pop r12
        pop rbp
        pop rbx
        pop r11
        pop r10
        pop r9
        pop r8
        pop rdi
        pop rsi
        pop rdx
        pop rcx
        pop rax
        lea rsp, [rsp + 32]
        popfq
        pop rsp
        jmp [gs:V_RIP]
.pending:
        mov dword [rsi], 1
rt_resume_end:
        mov rsp, [rsi + V_STACK]
        mov edi, 32
        call rt_upcall_again
        jmp rt_resume

; A fault while masked: the context is in save[1] and goes on masked.
rt_nested_entry:
        call rt_nested          ; (kind, page)
        mov rsi, [gs:P_SELF]
        mov dword [rsi], 1
        mov rax, [rsi + P_SAVE1 + R_RIP]
        mov [rsi + V_RIP], rax
        lea rsp, [rsi + P_SAVE1]
        pop r15
        pop r14
        pop r13
        pop r12
        pop rbp
        pop rbx
        pop r11
        pop r10
        pop r9
        pop r8
        pop rdi
        pop rsi
        pop rdx
        pop rcx
        pop rax
        lea rsp, [rsp + 32]
        popfq
        pop rsp
        jmp [gs:V_RIP]

; All registers are the program's but rsp, rcx and r11.
rt_syscall_entry:
        mov [gs:V_CTX + 0], r15
        mov [gs:V_CTX + 8], r14
        mov [gs:V_CTX + 16], r13
        mov [gs:V_CTX + 24], r12
        mov [gs:V_CTX + 32], rbp
        mov [gs:V_CTX + 40], rbx
        mov [gs:V_CTX + 48], r11
        mov [gs:V_CTX + 56], r10
        mov [gs:V_CTX + 64], r9
        mov [gs:V_CTX + 72], r8
        mov [gs:V_CTX + 80], rdi
        mov [gs:V_CTX + 88], rsi
        mov [gs:V_CTX + 96], rdx
        mov [gs:V_CTX + 104], rcx
        mov [gs:V_CTX + 112], rax
%assign i R_RIP
%rep 5
        mov rax, [gs:P_SAVE0 + i]
        mov [gs:V_CTX + i], rax
%assign i i + 8
%endrep
        mov rsi, [gs:P_SELF]
        mov edi, 33
        call rt_upcall_again
        jmp rt_resume

; int rt_catch(void): 0; 1 when a fault came after it.
rt_catch:
        mov rax, [gs:P_SELF]
        mov [rax + V_CATCH], rbx
        mov [rax + V_CATCH + 8], rbp
        mov [rax + V_CATCH + 16], r12
        mov [rax + V_CATCH + 24], r13
        mov [rax + V_CATCH + 32], r14
        mov [rax + V_CATCH + 40], r15
        lea rcx, [rsp + 8]
        mov [rax + V_CATCH + 48], rcx
        mov rcx, [rsp]
        mov [rax + V_CATCH + 56], rcx
        mov qword [rax + V_ARMED], 1
        xor eax, eax
        ret

; long rt_raw_call(rax, a, b, c, d, e): any value in rax
rt_raw_call:
        mov rax, rdi
        mov rdi, rsi
        mov rsi, rdx
        mov rdx, rcx
        mov r10, r8
        mov r8, r9
        xor r9d, r9d
        syscall
        ret

section .note.GNU-stack noalloc noexec nowrite progbits
