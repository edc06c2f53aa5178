; SPDX-License-Identifier: MIT
; Code of the register tests: a context that is full of patterns, and one that writes down all it was born with.

global state_fill, state_fill_check, state_dump, state_vectors_end
global born, born_fpu, born_selectors, fill_rounds, fill_errors, fill_use_avx, fill_pkru
global spin_forever, probe_entry, probe_regs, probe_rsp, yield_target

section .bss nobits alloc write align=64
born_fpu:       resb 4096               ; XSAVE or FXSAVE image
born:           resq 18                 ; rax rbx .. r15, rflags, rsp
born_selectors: resw 4                  ; ds es fs gs
                resq 2
probe_regs:     resq 17
probe_rsp:      resq 1
fill_image:     resb 4096
section .data
fill_rounds:    dq 0
fill_errors:    dq 0
fill_use_avx:   dq 0
fill_pkru:      dq 0
yield_target:   dq 0

%macro store_all 1                      ; all general registers to memory, then rflags
        mov [%1 + 0], rax
        mov [%1 + 8], rbx
        mov [%1 + 16], rcx
        mov [%1 + 24], rdx
        mov [%1 + 32], rsi
        mov [%1 + 40], rdi
        mov [%1 + 48], rbp
        mov [%1 + 56], r8
        mov [%1 + 64], r9
        mov [%1 + 72], r10
        mov [%1 + 80], r11
        mov [%1 + 88], r12
        mov [%1 + 96], r13
        mov [%1 + 104], r14
        mov [%1 + 112], r15
%endmacro

section .text
; B: what it was born with, before it touches anything.
state_dump:
        store_all born
        mov [born + 128], rsp
        mov rsp, probe_rsp              ; a word of stack
        pushfq
        pop qword [born + 120]
        mov rsp, [born + 128]
        mov ax, ds
        mov [born_selectors], ax
        mov ax, es
        mov [born_selectors + 2], ax
        mov ax, fs
        mov [born_selectors + 4], ax
        mov ax, gs
        mov [born_selectors + 6], ax
        cmp qword [fill_use_avx], 0
        je .fx
        mov eax, -1
        mov edx, -1
        xsave [born_fpu]
        jmp .done
.fx:    fxsave [born_fpu]
.done:  mov rax, [probe_done]
        mov dword [rax], 1
.wait:  mov rax, 0x45584f00 + 11        ; yield: wait for ever
        xor edi, edi
        mov esi, 1
        xor edx, edx
        syscall
        jmp .wait
global probe_done
section .data
probe_done: dq 0
patterns:
%assign i 0
%rep 16
        dq 0xa5a5000000000000 + i
%assign i i + 1
%endrep
section .text

; A: fills everything with patterns and spins, checking again and again that nothing changed.
state_fill:
        mov ax, 0x1b
        mov ds, ax
        mov es, ax
        cmp qword [fill_use_avx], 0
        je .sse
%assign i 0
%rep 16
        mov rax, 0xa5a5000000000000 + i
        vmovq xmm0, rax
        vpunpcklqdq xmm0, xmm0, xmm0
        vinsertf128 ymm %+ i, ymm0, xmm0, 1
  %if i == 0
        vmovdqu [fill_image], ymm0
  %endif
%assign i i + 1
%endrep
        vmovdqu ymm0, [fill_image]
        jmp .x87
.sse:
%assign i 0
%rep 16
        mov rax, 0xa5a5000000000000 + i
        movq xmm %+ i, rax
%assign i i + 1
%endrep
.x87:   fninit
        fld1
        fldpi
        fldl2e
        mov dword [probe_rsp], 0x9fc0   ; MXCSR: other rounding, DAZ off, FZ on
        ldmxcsr [probe_rsp]
        mov word [probe_rsp], 0x0f7f    ; FCW: truncate
        fldcw [probe_rsp]
        cmp qword [fill_pkru], 0
        je .general
        xor ecx, ecx
        xor edx, edx
        mov eax, 0x55555550
        wrpkru
.general:
        mov rax, 0xa1a1a1a1a1a1a1a1
        mov rbx, 0xb2b2b2b2b2b2b2b2
        mov rcx, 0xc3c3c3c3c3c3c3c3
        mov rdx, 0xd4d4d4d4d4d4d4d4
        mov rsi, 0xe5e5e5e5e5e5e5e5
        mov rdi, 0xf6f6f6f6f6f6f6f6
        mov rbp, 0x1717171717171717
        mov r8,  0x2828282828282828
        mov r9,  0x3939393939393939
        mov r10, 0x4a4a4a4a4a4a4a4a
        mov r11, 0x5b5b5b5b5b5b5b5b
        mov r12, 0x6c6c6c6c6c6c6c6c
        mov r13, 0x7d7d7d7d7d7d7d7d
        mov r14, 0x8e8e8e8e8e8e8e8e
        mov r15, 0x9f9f9f9f9f9f9f9f
        std
state_fill_check:
.again: inc qword [fill_rounds]
%macro same 2
        push rax
        mov rax, %2
        cmp %1, rax
        je %%good
        or qword [fill_errors], 1
%%good: pop rax
%endmacro
        same rbx, 0xb2b2b2b2b2b2b2b2
        same rcx, 0xc3c3c3c3c3c3c3c3
        same rdx, 0xd4d4d4d4d4d4d4d4
        same rsi, 0xe5e5e5e5e5e5e5e5
        same rdi, 0xf6f6f6f6f6f6f6f6
        same rbp, 0x1717171717171717
        same r8,  0x2828282828282828
        same r9,  0x3939393939393939
        same r10, 0x4a4a4a4a4a4a4a4a
        same r11, 0x5b5b5b5b5b5b5b5b
        same r12, 0x6c6c6c6c6c6c6c6c
        same r13, 0x7d7d7d7d7d7d7d7d
        same r14, 0x8e8e8e8e8e8e8e8e
        same r15, 0x9f9f9f9f9f9f9f9f
        pushfq
        test dword [rsp], 0x400         ; DF
        jnz .flags
        or qword [fill_errors], 2
.flags: add rsp, 8
        push rax
        sub rsp, 16
        stmxcsr [rsp]
        cmp dword [rsp], 0x9fc0
        je .mxcsr
        or qword [fill_errors], 4
.mxcsr: fnstcw [rsp]
        cmp word [rsp], 0x0f7f
        je .fcw
        or qword [fill_errors], 8
.fcw:   add rsp, 16
%assign i 0
%rep 16
        movq rax, xmm %+ i
        cmp rax, [patterns + 8 * i]     ; no register but rax is ever anything else: an upcall may come here
        je .x %+ i
        or qword [fill_errors], 16
.x %+ i:
%assign i i + 1
%endrep
        cmp qword [fill_use_avx], 0
        je .no_avx
        vmovdqu [fill_image], ymm15
        mov rax, 0xa5a500000000000f
        cmp [fill_image + 24], rax
        je .no_avx
        or qword [fill_errors], 32
.no_avx:
        pop rax
        jmp .again

spin_forever:
        jmp spin_forever

; A bare vCPU's upcall entry: writes down all registers.
probe_entry:
        store_all probe_regs
        mov [probe_rsp], rsp
        mov rsp, probe_rsp
        pushfq                          ; over the word below: probe_regs[16]
        mov rsp, [probe_rsp]
        mov rax, [probe_done]
        mov dword [rax], 1
.wait:  mov rax, 0x45584f00 + 11
        xor edi, edi
        mov esi, 1
        xor edx, edx
        syscall
        jmp .wait

section .note.GNU-stack noalloc noexec nowrite progbits
