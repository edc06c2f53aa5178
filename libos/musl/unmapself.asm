; SPDX-License-Identifier: MIT
; void __unmapself(void *base, size_t size): a detached thread unmaps its own stack and exits. The calls need a stack; this one
; is shared, for musl comes here with its thread-list lock held until the thread's exit clears it.

extern exo_syscalls
global __unmapself:function

SYS_MUNMAP equ 11
SYS_EXIT equ 60

section .bss nobits alloc write align=16
    resb 16384
stack_end:

section .text
__unmapself:
    mov rsp, stack_end
    call [exo_syscalls + SYS_MUNMAP * 8]
    xor edi, edi
    call [exo_syscalls + SYS_EXIT * 8]
    ud2
