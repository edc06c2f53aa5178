/* SPDX-License-Identifier: MIT */
/* What each CPU has for itself, reached through %gs in ring 0. Only its own CPU touches it once it runs. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MAX_CPUS 8

struct percpu {
    struct percpu *self;    /* entry.asm knows the offsets of these eight */
    uint64_t kernel_stack;  /* its top: where SYSCALL and traps from ring 3 start */
    uint64_t scratch;       /* user %rsp, between SYSCALL and the switch of stacks */
    struct vcpu *vcpu;      /* the vCPU that runs, or NULL */
    struct exo_vcpu_page *page; /* its page, or one that is always masked */
    uint64_t syscall_entry, stack; /* its upcall entry for foreign system calls */
    uint32_t work;          /* WORK_*: before the return to ring 3 */

    uint32_t id, apic_id;
    struct tss_block *tss;
    struct exo_cpu_info *info;   /* exported; holds the slice vector */
    uint64_t slice_end;          /* of the vCPU that runs */
    uint64_t grace_end;          /* 0: the slice is not over yet */
    uint64_t timer;              /* TSC value that the timer was set to; 0: stopped */
    uint32_t yield_to;           /* pfn of a vCPU; 0: anybody */
    uint32_t root;               /* pfn of the level-4 table that is loaded; 0: the kernel's own */
    uint32_t port_begin, port_end; /* bytes of the TSS's bitmap that are not all ones */
    uint32_t ports_env;          /* whose */
};
_Static_assert(offsetof(struct percpu, kernel_stack) == 8, "entry.asm");
_Static_assert(offsetof(struct percpu, scratch) == 16, "entry.asm");
_Static_assert(offsetof(struct percpu, vcpu) == 24, "entry.asm");
_Static_assert(offsetof(struct percpu, page) == 32, "entry.asm");
_Static_assert(offsetof(struct percpu, syscall_entry) == 40, "entry.asm");
_Static_assert(offsetof(struct percpu, stack) == 48, "entry.asm");
_Static_assert(offsetof(struct percpu, work) == 56, "entry.asm");

enum { WORK_LOOK = 1, WORK_SWITCH = 2 };

extern struct percpu percpu[MAX_CPUS];

static inline struct percpu *this_cpu(void) {
    struct percpu *p;
    __asm__("mov %%gs:0, %0" : "=r"(p));
    return p;
}
