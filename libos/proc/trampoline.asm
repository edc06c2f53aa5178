; SPDX-License-Identifier: MIT
; The one piece of code that stays while exec replaces all others: it is copied to EXO_TRAMPOLINE.
%include "core/offsets.inc"

global exo_trampoline, exo_trampoline_end, stack_call

START_EXEC equ 2                        ; EXO_START_EXEC in exec.h

section .text

; long exo_trampoline(const struct exo_pte *batch, uint64_t n, uint64_t flags, uint64_t entry): writes the page-table entries and
; starts the new image; returns only if that failed, and so nothing was changed. No relocation: it runs elsewhere.
exo_trampoline:
    push rbx
    push rbp
    mov rbx, rcx
    mov rbp, rsi
    mov r10, rdx                        ; flags
    mov rdx, rsi                        ; n
    mov rsi, rdi                        ; batch
    xor edi, edi                        ; one's own table
    mov eax, CALL_BASE + CALL_PTE_UPDATE
    syscall
    cmp rax, rbp
    jne .failed
    mov edi, START_EXEC
    jmp rbx
.failed:
    pop rbp
    pop rbx
    ret
exo_trampoline_end:

; void stack_call(void (*fn)(void *), void *arg, uint64_t stack_top): leaves the present stack for good.
stack_call:
    mov rsp, rdx
    mov rax, rdi
    mov rdi, rsi
    call rax
    ud2

section .note.GNU-stack noalloc noexec nowrite progbits
