; SPDX-License-Identifier: MIT
; Where the kernel enters the libOS, and how a context is resumed without it (abi/upcall.h).
%include "core/offsets.inc"

extern upcall, upcall_nested, upcall_syscall_events, exo_syscalls
global exo_upcall_entry, exo_nested_entry, exo_syscall_entry
global exo_resume, exo_resume_begin, exo_resume_end

section .text

; mask is 1; rdi = kind, rsi = the vCPU's page, rsp = the upcall stack's top. The other registers are still those of the thread:
; they are moved to its block, beside those that the kernel saved in the page. If the resume range was interrupted, its
; registers are worth nothing and the block holds the context already.
align 16
exo_upcall_entry:
    mov [rsp - 8], rcx                  ; the stack is empty: scratch
    mov rcx, [rsi + V_SAVE0 + R_RIP]
    sub rcx, exo_resume_begin
    cmp rcx, exo_resume_end - exo_resume_begin
    mov rcx, [rsi + V_CURRENT]
    jb .in_block
    mov [rcx + R_RAX], rax
    mov rax, [rsp - 8]
    mov [rcx + R_RCX], rax
    mov [rcx + R_R15], r15
    mov [rcx + R_R14], r14
    mov [rcx + R_R13], r13
    mov [rcx + R_R12], r12
    mov [rcx + R_RBP], rbp
    mov [rcx + R_RBX], rbx
    mov [rcx + R_R11], r11
    mov [rcx + R_R10], r10
    mov [rcx + R_R9], r9
    mov [rcx + R_R8], r8
    mov [rcx + R_RDX], rdx
    mov rax, [rsi + V_SAVE0 + R_RDI]
    mov rdx, [rsi + V_SAVE0 + R_RSI]
    mov [rcx + R_RDI], rax
    mov [rcx + R_RSI], rdx
    mov rax, [rsi + V_SAVE0 + R_RIP]
    mov rdx, [rsi + V_SAVE0 + R_RFLAGS]
    mov [rcx + R_RIP], rax
    mov [rcx + R_RFLAGS], rdx
    mov rax, [rsi + V_SAVE0 + R_RSP]
    mov [rcx + R_RSP], rax
.in_block:
    mov dword [rsi + V_DEPTH], 1
    mov rdx, [rsi + V_SAVE0 + R_ERROR]
    mov rcx, [rsi + V_FAULT0]
.handle:
    call upcall                         ; (kind, vcpu, error, address)

; Runs the current thread from its block. The vCPU is masked. The way out is popfq and a jump through %gs, not iretq: QEMU's TCG (7.2)
; takes the stack that iretq reads in ring 3 for the kernel's own, which SMAP forbids; and a jump is cheaper anyway. (TF is
; not resumed: the trap would come within the range.)
exo_resume:
    mov rsi, [gs:V_THIS]
    mov rsp, [rsi + V_CURRENT]
    mov dword [rsi + V_DEPTH], 0
; An upcall may come at each instruction from here on: see exo_upcall_entry. Nothing in the range writes to the block.
exo_resume_begin:
    mov dword [rsi + V_MASK], 0
    mov rax, [rsi + V_PENDING]
    test rax, [rsi + V_ENABLED]
    jnz .pending
    mov rax, [rsp + R_RIP]
    mov [rsi + V_RESUME_RIP], rax
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
    lea rsp, [rsp + 32]                 ; vector, error, rip, cs
    popfq
    pop rsp
    jmp [gs:V_RESUME_RIP]
.pending:
    mov dword [rsi + V_MASK], 1
exo_resume_end:
    mov dword [rsi + V_DEPTH], 1
    lea rsp, [rsi + V_UPCALL_TOP]
    mov edi, UP_EVENT
    jmp exo_upcall_entry.handle

; A fault in a critical section: mask is 2, the context in save[1]. It is resumed from there, masked: nothing but a further
; fault would write save[1], and these instructions touch the vCPU's page only.
align 16
exo_nested_entry:
    mov rdx, [rsi + V_SAVE1 + R_ERROR]
    mov rcx, [rsi + V_FAULT1]
    call upcall_nested                  ; (kind, vcpu, error, address)
    mov rsp, [gs:V_THIS]
    mov dword [rsp + V_MASK], 1
    mov rax, [rsp + V_SAVE1 + R_RIP]
    mov [rsp + V_NESTED_RIP], rax
    add rsp, V_SAVE1
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
    add rsp, 32
    popfq
    pop rsp
    jmp [gs:V_NESTED_RIP]

; A program's `syscall`: mask is 1, all registers but rsp, rcx and r11 are the program's, save[0] has rip, rflags and rsp. From
; here on it is thread code on the thread's own libOS stack, where it finds the way back: an upcall at the return is no
; different from one anywhere else.
align 16
exo_syscall_entry:
    cld                                 ; the program's flags are still there
    mov rcx, [gs:V_CURRENT]
    mov rsp, [rcx + T_STACK_TOP]
    push qword [gs:V_SAVE0 + R_RSP]
    push qword [gs:V_SAVE0 + R_RFLAGS]
    push qword [gs:V_SAVE0 + R_RIP]
    push rdi
    push rsi
    push rdx
    push r10
    push r8
    push r9
    mov dword [gs:V_MASK], 0
    mov r11, [gs:V_PENDING]
    test r11, [gs:V_ENABLED]
    jnz .events
.call:
    mov ecx, LINUX_ENOSYS
    cmp rax, SYSCALLS
    jae .unknown
    mov rcx, r10
    sub rsp, 8
    call [exo_syscalls + rax * 8]
    add rsp, 8
.return:
    pop r9
    pop r8
    pop r10
    pop rdx
    pop rsi
    pop rdi
    pop rcx
    mov r11, [rsp]
    popfq
    pop rsp
    jmp rcx
.unknown:
    mov rax, rcx
    neg rax
    jmp .return
.events:                                ; an event came in before the mask was open: handle it first
    push rax
    call upcall_syscall_events
    pop rax
    mov r9, [rsp]
    mov r8, [rsp + 8]
    mov r10, [rsp + 16]
    mov rdx, [rsp + 24]
    mov rsi, [rsp + 32]
    mov rdi, [rsp + 40]
    jmp .call

section .note.GNU-stack noalloc noexec nowrite progbits
