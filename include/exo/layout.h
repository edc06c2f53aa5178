/* SPDX-License-Identifier: MIT
 *
 * Where things live in the address space of a process that libexo-os runs. All
 * of it is the library's choice; the kernel knows only EXO_USER_END and the
 * self-map (abi/types.h). A program whose note carries another EXO_LAYOUT_HASH
 * was linked for another map and is refused by exec.
 *
 * One level-4 slot covers 512 GiB (slot = address >> 39).
 */
#ifndef EXO_LAYOUT_H
#define EXO_LAYOUT_H

#define EXO_APP_BASE     0x0000000000400000ul /* slot 0: the application and libc */
#define EXO_LIBOS_BASE   0x0000000070000000ul /* slot 0: libOS text, data, bss    */
#define EXO_LIBOS_END    0x0000000078000000ul
#define EXO_MMAP_BASE    0x0000100000000000ul /* slots 32..: mmap, upwards         */
#define EXO_MMAP_END     0x00006e0000000000ul
#define EXO_STACK_TOP    0x00006ffffffff000ul /* slot 223: the first thread's stack */
/* Slot 224: the window: all frames of the application's pool, at their physical
 * address. Shared libOS objects are allocated there, so a pointer to one is good
 * in every process of the application. Read-write, never executable. */
#define EXO_WINDOW       0x0000700000000000ul
#define EXO_WINDOW_END   0x0000708000000000ul
/* Slot 225: where exec builds the next image's slot 0 (vm/internal.h). */
/* Slot 226: what exec must not move. */
#define EXO_FIXED        0x0000710000000000ul
#define EXO_ARENA        (EXO_FIXED)              /* struct arena, shared          */
#define EXO_ARENA_SIZE   0x0000000001000000ul     /* 16 MiB reserved               */
#define EXO_INFO_BASE    (EXO_FIXED + 0x2000000)  /* struct exo_info, read-only    */
#define EXO_CPU_BASE     (EXO_FIXED + 0x2010000)  /* struct exo_cpu_info, a page each */
#define EXO_TRAMPOLINE   (EXO_FIXED + 0x2100000)  /* the exec trampoline, RX       */
#define EXO_VCPU_BASE    (EXO_FIXED + 0x3000000)  /* per vCPU: EXO_VCPU_STRIDE     */
/* Each vCPU's block: the shared page, a guard page, then the nested stack, a
 * guard page, and the upcall stack up to the block's end. %gs points to the
 * page. */
#define EXO_VCPU_STRIDE  0x0000000000010000ul
#define EXO_NESTED_TOP   0x0000000000005000ul     /* offsets in the block           */
#define EXO_UPCALL_TOP   0x0000000000010000ul

#define EXO_LAYOUT_HASH  0x45584f4c41593031ul     /* "EXOLAY01": change with the map
                                                   * or with struct arena          */
#endif
