; SPDX-License-Identifier: MIT
; memcpy, memset and memcmp. Words first, then the rest; DF is clear whenever C runs.

bits 64
section .text
global memcpy, memset, memcmp

memcpy: mov rax, rdi
        mov rcx, rdx
        shr rcx, 3
        rep movsq
        mov ecx, edx
        and ecx, 7
        rep movsb
        ret

memset: mov r8, rdi
        movzx eax, sil
        mov rcx, 0x0101010101010101
        imul rax, rcx
        mov rcx, rdx
        shr rcx, 3
        rep stosq
        mov ecx, edx
        and ecx, 7
        rep stosb
        mov rax, r8
        ret

memcmp: mov rcx, rdx
        xor eax, eax
        xor edx, edx            ; also sets ZF, for an empty range
        repe cmpsb
        je .equal
        mov al, [rdi - 1]
        mov dl, [rsi - 1]
        sub eax, edx
.equal: ret
