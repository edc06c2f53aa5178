; SPDX-License-Identifier: MIT
; From one thread to another, in a critical section.
%include "core/offsets.inc"

extern exo_resume
global thread_switch, thread_load, thread_enter, vector_save, vector_restore, program_enter

section .text

; void thread_switch(struct thread *from, struct thread *to): by call and in section depth 1, so only what the C calling convention
; keeps must be saved. With wrfsbase it goes on to its end; else the kernel is asked, in thread_load.
align 16
thread_switch:
    push rbp
    push rbx
    push r12
    push r13
    push r14
    push r15
    sub rsp, 8
    stmxcsr [rsp]
    fnstcw [rsp + 4]
    mov [rdi + T_RSP], rsp
    mov dword [rdi + T_INTERRUPTED], 0
    test dword [gs:V_FEATURES], CPU_FSGSBASE
    jz thread_load
    rdfsbase rax
    mov [rdi + T_FS], rax
    mov rax, [rsi + T_FS]
    wrfsbase rax
    mov [gs:V_CURRENT], rsi
    cmp dword [rsi + T_INTERRUPTED], 0
    jne thread_load.interrupted
    mov rsp, [rsi + T_RSP]
    fldcw [rsp + 4]
    ldmxcsr [rsp]
    add rsp, 8
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret

; void thread_load(struct thread *to in rsi): the current thread's context is kept already, or not wanted.
thread_load:
    mov [gs:V_CURRENT], rsi
    mov rax, [rsi + T_FS]
    test dword [gs:V_FEATURES], CPU_FSGSBASE
    jz .set_fs
    wrfsbase rax
.fs_set:
    cmp dword [rsi + T_INTERRUPTED], 0
    jne .interrupted
    mov dword [gs:V_DEPTH], 1
    mov rsp, [rsi + T_RSP]
    fldcw [rsp + 4]
    ldmxcsr [rsp]
    add rsp, 8
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbx
    pop rbp
    ret
.interrupted:
    mov rdi, [rsi + T_VECTOR]
    call vector_restore                 ; on the old stack, or the upcall stack: both are ours
    jmp exo_resume
.set_fs:                                ; rsi survives in rbx, which is loaded below or in exo_resume
    mov rbx, rsi
    mov rsi, rax
    mov edi, BASE_FS
    mov eax, CALL_BASE + CALL_SET_BASE
    syscall
    mov rsi, rbx
    jmp .fs_set

; void thread_enter(void): where a new thread begins, r12(r13).
extern section_leave, thread_exit
thread_enter:
    call section_leave
    mov rdi, r13
    call r12
    call thread_exit
    ud2

; void program_enter(uint64_t rip, uint64_t rsp): begins a program, as the Linux ABI wants: all registers zero, but rsp.
program_enter:
    mov rsp, rsi
    push rdi
    xor eax, eax
    xor ebx, ebx
    xor ecx, ecx
    xor edx, edx
    xor esi, esi
    xor edi, edi
    xor ebp, ebp
    xor r8d, r8d
    xor r9d, r9d
    xor r10d, r10d
    xor r11d, r11d
    xor r12d, r12d
    xor r13d, r13d
    xor r14d, r14d
    xor r15d, r15d
    ret

; void vector_save(void *area), void vector_restore(const void *area)
vector_save:
    mov eax, [gs:V_XMASK]
    mov edx, [gs:V_XMASK + 4]
    test dword [gs:V_FEATURES], CPU_XSAVE
    jz .fxsave
    xsave64 [rdi]
    ret
.fxsave:
    fxsave64 [rdi]
    ret

vector_restore:
    mov eax, [gs:V_XMASK]
    mov edx, [gs:V_XMASK + 4]
    test dword [gs:V_FEATURES], CPU_XSAVE
    jz .fxrstor
    xrstor64 [rdi]
    ret
.fxrstor:
    fxrstor64 [rdi]
    ret

section .note.GNU-stack noalloc noexec nowrite progbits
