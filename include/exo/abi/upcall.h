/* SPDX-License-Identifier: MIT
 *
 * Upcalls: how the kernel reports events to a vCPU, and the page it shares with
 * it. The page is ordinary user memory, pinned while the vCPU exists; the
 * kernel writes it through its own map and believes nothing it reads there.
 *
 * Delivery. `mask` says where the vCPU is:
 *   0  open: an event saves the registers in save[0], sets mask to 1 and enters
 *      `entry` on `stack`.
 *   1  masked: asynchronous events only set pending bits. A fault or a foreign
 *      `syscall` saves in save[1], sets mask to 2 and enters `nested_entry` on
 *      `nested_stack`.
 *   2  nested: a further fault stops the vCPU and rings the environment's
 *      keeper; without a keeper the environment ends.
 * The libOS resumes by itself: it writes mask, tests pending & enabled, restores
 * registers and goes on at rip, by a jump through %gs or by iretq to its own
 * privilege level. (QEMU's TCG up to 7.2 makes that iretq fault where SMAP is on:
 * it reads the user's stack as if the kernel did.)
 *
 * At `entry` and `nested_entry`: %rdi = kind, %rsi = the page's `self` word,
 * %rsp = the stack's top, %rflags = IF only; other registers are the
 * interrupted ones.
 * At `syscall_entry` (a foreign `syscall` with mask 0): all registers are as the
 * instruction left them, but for %rsp = stack, %rcx and %r11, which hold
 * nothing; save[0] holds rip, rflags and rsp only.
 */
#ifndef EXO_ABI_UPCALL_H
#define EXO_ABI_UPCALL_H
#include <stdint.h>

/* kind: 0..31 is the exception's vector (SDM vol. 3, table 6-1) */
#define EXO_UP_EVENT   32 /* pending & enabled became non-zero                */
#define EXO_UP_SYSCALL 33 /* a foreign `syscall`, when it comes masked        */

/* pending word: bits 0..7 are the kernel's (3..7 are kept free), 8..63 doorbells
 * and IRQs */
#define EXO_EV_SLICE_BEGIN 0 /* the vCPU got a slice; slice_end says how long */
#define EXO_EV_SLICE_END   1 /* the slice is over: grace has begun            */
#define EXO_EV_TIMER       2 /* the deadline of `timer` has passed            */
#define EXO_EV_FIRST_BELL  8

/* In the order in which the entry code pushes them; the last five words are
 * what iretq takes. */
struct exo_regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};
#define EXO_USER_CS 0x23
#define EXO_USER_SS 0x1b

struct exo_vcpu_page {
	uint32_t mask;         /* 0, 1, 2 as above; written by both               */
	uint32_t reserved;
	uint64_t pending;      /* the kernel sets bits, the libOS clears them: both
	                        * atomically                                      */
	uint64_t enabled;      /* which pending bits end a wait and make an upcall;
	                        * the libOS's                                     */
	uint64_t self;         /* handed over in %rsi at upcalls; the libOS's     */
	uint64_t fault_addr[2];/* %cr2 of a page fault, for save[0] and save[1]   */
	uint64_t slice_begin;  /* TSC at which the vCPU last got the CPU          */
	uint64_t slice_end;    /* TSC at which it is to give it up                */
	uint64_t debt;         /* TSC ticks by which its next slot will be shorter */
	struct exo_regs save[2];
	/* The rest of the page is the libOS's. */
};

/* vcpu_config. Addresses are user addresses below EXO_USER_END; nothing is
 * checked about what is mapped there. */
struct exo_vcpu_config {
	uint64_t entry, syscall_entry, nested_entry;
	uint64_t stack, nested_stack; /* tops, 16-byte aligned                    */
	uint64_t page_frame;   /* FRAME capability with READ and WRITE            */
	uint64_t page_pfn;     /* the frame; USER type, not another vCPU's page   */
};

/* The first environment begins at its ELF entry with %rdi = EXO_START_BOOT, all
 * other registers 0: no stack, no page, no upcalls until it configures them. */
#define EXO_START_BOOT 1

/* vcpu_control: operations */
#define EXO_VCPU_START 1 /* make a configured or stopped vCPU runnable        */
#define EXO_VCPU_STOP  2 /* stop it wherever it is; its state is kept         */
#define EXO_VCPU_GET   3 /* copy the registers of a stopped vCPU out          */
#define EXO_VCPU_SET   4 /* set them; cs, ss and unsafe flags are forced      */

/* FS and GS base travel with GET and SET behind the registers. */
struct exo_vcpu_state {
	struct exo_regs regs;
	uint64_t fs_base, gs_base;
	uint64_t status;   /* GET only: EXO_VCPU_IS_*                              */
};
#define EXO_VCPU_IS_STOPPED 0
#define EXO_VCPU_IS_READY   1
#define EXO_VCPU_IS_WAITING 2
#define EXO_VCPU_IS_FAULTED 3 /* regs.vector and regs.error say by what      */

#endif
