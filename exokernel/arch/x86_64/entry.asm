; SPDX-License-Identifier: MIT
; Every way into ring 0 and back: SYSCALL, exceptions and interrupts, and the reflection of foreign system calls, which
; never leaves this file. Interrupts are off throughout.

bits 64
default rel

%include "exo_offsets.inc"

; struct percpu (percpu.h)
PC_STACK        equ 8
PC_SCRATCH      equ 16
PC_PAGE         equ 32
PC_SYSCALL      equ 40
PC_UPSTACK      equ 48
PC_WORK         equ 56

USER_CS         equ 0x23
USER_SS         equ 0x1b
UPCALL_FLAGS    equ 0x202
KIND_SYSCALL    equ 33
CLEAN_FLAGS     equ 2           ; for ring 0: AC, DF, NT and TF clear

extern trap, syscall_masked, sched_exit, call_table

section .text

; ---- SYSCALL (SDM vol. 3, 5.8.8): rcx = rip, r11 = rflags, still on the user's stack -------------------------
; %rsp serves as a scratch register until the number is known to be ours: nothing can interrupt, and the exceptions
; that could (NMI, #MC, #DF) have stacks of their own.
global syscall_entry
align 16
syscall_entry:
        swapgs
        mov     [gs:PC_SCRATCH], rsp
        lea     rsp, [rax - CALL_BASE]
        cmp     rsp, CALL_COUNT
        jae     .foreign
        mov     eax, esp
        mov     rsp, [gs:PC_STACK]
        push    USER_SS                 ; the end of a struct exo_regs
        push    qword [gs:PC_SCRATCH]
        push    r11
        push    USER_CS
        push    rcx
        push    0
        mov     rcx, r10
        lea     r10, [call_table]
        call    [r10 + rax * 8]         ; keeps rbx, rbp, r12-r15, as C does
        cmp     dword [gs:PC_WORK], 0
        jne     .work
        xor     edi, edi                ; what the kernel left in them is its own business
        xor     esi, esi
        xor     edx, edx
        xor     r8d, r8d
        xor     r9d, r9d
        xor     r10d, r10d
        mov     rcx, [rsp + 8]          ; below 2^47: the highest user page is the self-map, which is not executable
        mov     r11, [rsp + 24]
        mov     rsp, [rsp + 32]
        swapgs
        o64 sysret

; Something may have to run before the caller does: complete the registers and let the scheduler look.
.work:
        xor     ecx, ecx
        push    rcx                     ; vector
        push    rax
%rep 8
        push    rcx                     ; rcx rdx rsi rdi r8 r9 r10 r11
%endrep
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        mov     rdi, rsp
        call    sched_exit
        jmp     restore

; Not an exokernel call: enter the libOS with all registers as they are. 
.foreign:
        mov     rsp, [gs:PC_PAGE]
        cmp     dword [rsp + VCPU_MASK], 0
        jne     .masked
        mov     dword [rsp + VCPU_MASK], 1
        mov     [rsp + VCPU_SAVE_RIP], rcx
        mov     [rsp + VCPU_SAVE_RFLAGS], r11
        mov     rcx, [gs:PC_SCRATCH]
        mov     [rsp + VCPU_SAVE_RSP], rcx
        mov     rcx, [gs:PC_SYSCALL]
        mov     rsp, [gs:PC_UPSTACK]
        mov     r11d, UPCALL_FLAGS
        swapgs
        o64 sysret

.masked:
        mov     rsp, [gs:PC_STACK]
        push    USER_SS
        push    qword [gs:PC_SCRATCH]
        push    r11
        push    USER_CS
        push    rcx
        push    0
        push    KIND_SYSCALL
        call    save_registers
        call    syscall_masked
        jmp     restore

; Pushes the general registers below the return address's place; returns with rdi = the struct exo_regs.
save_registers:
        xchg    rax, [rsp]              ; rax in its slot, the return address in rax
        push    rcx
        push    rdx
        push    rsi
        push    rdi
        push    r8
        push    r9
        push    r10
        push    r11
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        push    CLEAN_FLAGS
        popfq
        mov     rdi, rsp
        jmp     rax

; ---- exceptions and interrupts --------------------------------------------------------------------------------
trap_common:
        test    byte [rsp + 24], 3      ; cs
        jz      .from_kernel
        swapgs
        call    save_registers
        call    trap
        jmp     restore
.from_kernel:                           ; a fault in the copy from or to the user, or an interrupt of the idle CPU
        call    save_registers
        call    trap
        call    pop_registers
        iretq

restore:
        call    pop_registers
        swapgs
        iretq

pop_registers:
        pop     rax                     ; the return address
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        pop     r11
        pop     r10
        pop     r9
        pop     r8
        pop     rdi
        pop     rsi
        pop     rdx
        pop     rcx
        mov     [rsp + 8], rax          ; over the vector
        pop     rax
        ret     8                       ; and over the error code

global return_to_user
return_to_user:
        mov     rsp, rdi
        jmp     restore

global wait_for_interrupt
wait_for_interrupt:
        sti
        hlt
        cli
        ret

global clear_selectors
clear_selectors:
        xor     eax, eax
        mov     ds, eax
        mov     es, eax
        mov     fs, eax
        swapgs                          ; loading %gs loses the base that is loaded
        mov     gs, eax
        swapgs
        ret

; A non-maskable interrupt may come anywhere, even before a swapgs: it is counted and touches nothing else.
nmi:
        inc     qword [nmi_count]
        iretq

; A program that sets TF and executes SYSCALL is trapped at syscall_entry by some CPUs (Bochs among them), on its own stack
; and %gs: so this vector has a stack of its own. From ring 0 the step is forgotten; from ring 3 it goes on as all traps do.
debug:
        test    byte [rsp + 8], 3       ; cs
        jnz     .from_user
        and     dword [rsp + 16], ~0x100
        iretq
.from_user:
        swapgs
        push    rax
        push    rbx
        mov     rbx, rsp
        mov     rsp, [gs:PC_STACK]
        push    qword [rbx + 48]        ; ss rsp rflags cs rip
        push    qword [rbx + 40]
        push    qword [rbx + 32]
        push    qword [rbx + 24]
        push    qword [rbx + 16]
        push    0
        push    1
        mov     rax, [rbx + 8]
        mov     rbx, [rbx]
        swapgs
        jmp     trap_common

; The stubs push what the CPU did not: an error code for vectors that have none, and the vector.
%assign v 0
%rep 256
stub_%+v:
  %if v == 2
        jmp     nmi
  %elif v == 1
        jmp     debug
  %else
    %if !(v == 8 || (v >= 10 && v <= 14) || v == 17 || v == 21 || v == 29 || v == 30)
        push    0
    %endif
        push    v
        jmp     trap_common
  %endif
  %assign v v + 1
%endrep

section .rodata
align 8
global trap_stubs
trap_stubs:
%assign v 0
%rep 256
        dq      stub_%+v
  %assign v v + 1
%endrep

section .bss
alignb 8
global nmi_count
nmi_count:
        resq    1
