; SPDX-License-Identifier: MIT
; The ELF entry: the kernel (boot) or the trampoline (exec) jumps here, masked, with rdi = EXO_START_* and no stack.

extern start_image
global exo_start

section .bss nobits alloc write align=16
    resb 16384
stack_top:

section .text
exo_start:
    mov rsp, stack_top
    xor ebp, ebp
    call start_image
    ud2

section .note.GNU-stack noalloc noexec nowrite progbits
