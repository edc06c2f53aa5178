; SPDX-License-Identifier: MIT
; int usercopy(to, from, n): 0, or 1 after a fault (usercopy.c, trap.c)

bits 64
section .text
global usercopy, usercopy_begin, usercopy_end, usercopy_failed

usercopy:
        mov     rcx, rdx
        shr     rcx, 3
        and     edx, 7
usercopy_begin:
        rep movsq
        mov     ecx, edx
        rep movsb
usercopy_end:
        xor     eax, eax
        ret
usercopy_failed:
        mov     eax, 1
        ret
