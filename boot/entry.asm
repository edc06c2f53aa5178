; SPDX-License-Identifier: MIT
; The first instructions: from 32-bit protected mode, as GRUB 2 (Multiboot2) or a PVH loader leaves it, to
; kernel_main in the higher half. Everything here is linked at its physical address and is free memory
; again once mmu_init has loaded the final page tables.

KERNEL_STACK_END equ 16384              ; end of cpu_stacks[0].kernel (checked in gdt.c)
MB2_MAGIC        equ 0xe85250d6         ; Multiboot2 specification, 3.1.1
PVH_MAGIC        equ 0x336ec578         ; what start_info begins with; passed on as the loader's magic

extern cpu_stacks, kernel_main
global mb2_entry, pvh_entry

section .boot.header progbits alloc noexec nowrite align=8
mb2_header:
        dd MB2_MAGIC, 0, mb2_header_end - mb2_header
        dd -(MB2_MAGIC + mb2_header_end - mb2_header)
        dw 5, 1                         ; framebuffer, optional: any size at 32 bits
        dd 20, 1024, 768, 32
        align 8, db 0
        dw 0, 0                         ; the tag that ends the header
        dd 8
mb2_header_end:

section .note.pvh note alloc noexec nowrite align=4
        dd 4, 8, 18                     ; XEN_ELFNOTE_PHYS32_ENTRY
        db "Xen", 0
        dq pvh_entry

section .boot.text progbits alloc exec nowrite align=16
bits 32
pvh_entry:
        rdtsc
        mov ebp, PVH_MAGIC
        jmp enter
mb2_entry:
        mov ebp, eax                    ; the loader's magic: rdtsc overwrites eax
        rdtsc
enter:
        cli
        cld
        mov [entry_tsc], eax
        mov [entry_tsc + 4], edx
        mov esi, ebx                    ; the loader's information: cpuid overwrites ebx

        mov eax, 0x80000000
        cpuid
        mov edi, no_long_mode
        cmp eax, 0x80000001
        jb die
        mov eax, 0x80000001
        cpuid
        and edx, (1 << 29) | (1 << 20)  ; long mode and no-execute: both are required
        cmp edx, (1 << 29) | (1 << 20)
        jne die

        mov eax, cr4
        or eax, 1 << 5                  ; PAE
        mov cr4, eax
        mov eax, early_pml4
        mov cr3, eax
        mov ecx, 0xc0000080             ; EFER: LME and NXE
        rdmsr
        or eax, (1 << 8) | (1 << 11)
        wrmsr
        mov eax, cr0                    ; some firmware hands over with the caches off (CD, NW)
        and eax, ~((1 << 30) | (1 << 29))
        or eax, (1 << 31) | (1 << 16) | 1
        mov cr0, eax
        lgdt [boot_gdt.pointer]
        jmp 8:enter64

die:    mov dx, 0x3f8                   ; no UART set-up and no polling: an emulator needs neither
.next:  mov al, [edi]
        inc edi
        test al, al
        jz .stop
        out dx, al
        jmp .next
.stop:  mov al, 0x7f                    ; QEMU's isa-debug-exit
        out 0xf4, al
.halt:  hlt
        jmp .halt

bits 64
enter64:
        mov eax, 16
        mov ds, eax
        mov es, eax
        mov ss, eax
        xor eax, eax
        mov fs, eax
        mov gs, eax
        mov edi, ebp
        mov esi, esi
        mov rdx, [abs dword entry_tsc]
        mov rsp, cpu_stacks + KERNEL_STACK_END
        xor ebp, ebp                    ; ends backtraces
        mov rax, kernel_main
        call rax
        ud2

no_long_mode: db "exo: verdict panic this CPU lacks long mode or no-execute pages", 10, 0

        align 8
boot_gdt:
        dq 0, 0x00af9a000000ffff, 0x00cf92000000ffff
.pointer:
        dw .pointer - boot_gdt - 1
        dd boot_gdt

; The first 4 GiB in pages of 2 MiB, at 0 (until we have left this code) and at the place of the direct map,
; and their first GiB at -2 GiB, where the kernel is linked.
section .boot.data progbits alloc noexec write align=4096
early_pml4:
        dq early_pdpt + 3
        times 255 dq 0
        dq early_pdpt + 3
        times 254 dq 0
        dq early_pdpt_high + 3
early_pdpt_high:
        times 510 dq 0
        dq early_pd + 3, 0
early_pd:
%assign page 0x83                       ; present, writable, large
%rep 4 * 512
        dq page
%assign page page + (1 << 21)
%endrep
early_pdpt:
        dq early_pd + 3, early_pd + 0x1003, early_pd + 0x2003, early_pd + 0x3003
        times 508 dq 0
entry_tsc:
        dq 0
