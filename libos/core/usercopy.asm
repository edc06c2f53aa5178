; SPDX-License-Identifier: MIT
; The only instructions that touch application memory on the libOS's behalf. A fault in [exo_copy_begin, exo_copy_end) that
; cannot be repaired continues at exo_copy_fault, with the caller's return address at the top of the stack.
%include "core/offsets.inc"

global copy_bytes, copy_text, section_probe
global exo_copy_begin, exo_copy_end, exo_copy_fault, exo_probe_begin, exo_probe_end, exo_probe_fault

section .text

exo_copy_begin:

; int copy_bytes(void *to, const void *from, size_t n)
align 16
copy_bytes:
    mov rcx, rdx
    shr rcx, 3
    rep movsq
    mov ecx, edx
    and ecx, 7
    rep movsb
    xor eax, eax
    ret

; long copy_text(char *to, const char *from, size_t n): length of the string, or n if no zero byte is among the first n.
align 16
copy_text:
    xor eax, eax
    test rdx, rdx
    jz .end
.next:
    mov cl, [rsi + rax]
    mov [rdi + rax], cl
    test cl, cl
    jz .end
    inc rax
    cmp rax, rdx
    jb .next
.end:
    ret

exo_copy_end:

exo_copy_fault:
    mov rax, -LINUX_EFAULT
    ret

; void section_probe(void): makes the next pages of the stack present, for a critical section must not fault on it. What lies
; beyond the stack's end is let be.
align 16
section_probe:
exo_probe_begin:
    or qword [rsp - 4096], 0
    or qword [rsp - 8192], 0
exo_probe_end:
exo_probe_fault:
    ret

section .note.GNU-stack noalloc noexec nowrite progbits
