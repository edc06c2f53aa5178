; SPDX-License-Identifier: MIT
; For resume.c: an upcall entry that notes where the resume range was interrupted, and a piece of thread code that has a known
; value in everything that a context consists of.
%include "core/offsets.inc"

extern exo_upcall_entry, exo_resume_begin, exo_resume_end
global probe_entry, probe_hits, probe_preset, probe_upcalls, victim, victim_begin, victim_end

CALL_TIMER equ 12
PAGE_FAULT equ 14
EVENT_TIMER equ 4                       ; 1 << EXO_EV_TIMER
HITS equ 256
; struct context in resume.c
C_GPR equ 0                             ; rax rcx rdx rbx rbp rsi rdi r8 .. r13
C_FLAGS equ 104
C_FS equ 112
C_CONTROL equ 120                       ; mxcsr, then the x87 control word
C_STACK equ 128
C_RED equ 136                           ; 16 words below rsp
C_VECTOR equ 264                        ; 16 times 32 bytes
CONTEXT equ 776
USE_AVX equ 2 * CONTEXT                 ; behind the context to load and the one to store

section .bss
probe_hits: resd HITS
probe_preset: resq 1                    ; not 0: a page fault finds an event pending when it leaves
probe_upcalls: resq 1

section .text

probe_entry:
    mov [rsp - 24], rax                 ; exo_upcall_entry's own scratch is above
    mov [rsp - 32], rcx
    inc qword [probe_upcalls]
    mov rax, [rsi + V_SAVE0 + R_RIP]
    mov ecx, exo_resume_begin
    sub rax, rcx
    cmp rax, HITS
    jae .elsewhere
    inc dword [probe_hits + rax * 4]
.elsewhere:
    cmp rdi, PAGE_FAULT
    jne .enter
    cmp qword [probe_preset], 0
    je .enter
    lock or qword [rsi + V_PENDING], EVENT_TIMER
.enter:
    mov rax, [rsp - 24]
    mov rcx, [rsp - 32]
    jmp exo_upcall_entry

%macro gprs 2                           ; moves all but rsp, r14, r15: %1 is load or store, %2 where
    %assign at %2
    %1 rax, at + 0
    %1 rcx, at + 8
    %1 rdx, at + 16
    %1 rbx, at + 24
    %1 rbp, at + 32
    %1 rsi, at + 40
    %1 rdi, at + 48
    %1 r8, at + 56
    %1 r9, at + 64
    %1 r10, at + 72
    %1 r11, at + 80
    %1 r12, at + 88
    %1 r13, at + 96
%endmacro
%macro load 2
    mov %1, [r14 + %2]
%endmacro
%macro store 2
    mov [r14 + %2], %1
%endmacro

; void victim(struct contexts *c, char *touch, uint64_t delay): arms the timer, loads c->in, touches a page that is not there,
; and stores what it then has in c->out.
victim:
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    mov r14, rdi
    mov r15, rsi
    mov r12, rdx
    call vectors_load
    ldmxcsr [r14 + C_CONTROL]
    fldcw [r14 + C_CONTROL + 4]
    rdtsc
    shl rdx, 32
    lea rdi, [rdx + rax]
    add rdi, r12
    mov eax, CALL_BASE + CALL_TIMER
    syscall
    push qword [r14 + C_FLAGS]
    popfq                               ; from here on nothing changes the flags
victim_begin:
%assign i 0
%rep 16
    mov rax, [r14 + C_RED + i * 8]
    mov [rsp - 128 + i * 8], rax
%assign i i + 1
%endrep
    gprs load, C_GPR
    mov [r15], r15
%rep 24
    nop
%endrep
    gprs store, CONTEXT + C_GPR
    mov [r14 + CONTEXT + C_STACK], rsp
%assign i 0
%rep 16
    mov rax, [rsp - 128 + i * 8]
    mov [r14 + CONTEXT + C_RED + i * 8], rax
%assign i i + 1
%endrep
victim_end:
    pushfq
    pop qword [r14 + CONTEXT + C_FLAGS]
    cld
    rdfsbase rax
    mov [r14 + CONTEXT + C_FS], rax
    stmxcsr [r14 + CONTEXT + C_CONTROL]
    fnstcw [r14 + CONTEXT + C_CONTROL + 4]
    mov [r14 + C_STACK], rsp            ; what it should have been
    call vectors_store
    mov dword [rsp - 8], 0x1f80
    ldmxcsr [rsp - 8]
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret

vectors_load:
    cmp dword [r14 + USE_AVX], 0
    jne .avx
%assign i 0
%rep 16
    movdqu xmm %+ i, [r14 + C_VECTOR + i * 32]
%assign i i + 1
%endrep
    ret
.avx:
%assign i 0
%rep 16
    vmovdqu ymm %+ i, [r14 + C_VECTOR + i * 32]
%assign i i + 1
%endrep
    ret

vectors_store:
    cmp dword [r14 + USE_AVX], 0
    jne .avx
%assign i 0
%rep 16
    movdqu [r14 + CONTEXT + C_VECTOR + i * 32], xmm %+ i
%assign i i + 1
%endrep
    ret
.avx:
%assign i 0
%rep 16
    vmovdqu [r14 + CONTEXT + C_VECTOR + i * 32], ymm %+ i
%assign i i + 1
%endrep
    vzeroupper
    ret

section .note.GNU-stack noalloc noexec nowrite progbits
