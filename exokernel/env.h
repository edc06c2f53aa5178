/* SPDX-License-Identifier: MIT */
/* Environments (address space, capability table, ports) and their vCPUs. Both live in frames that their creator gave. */
#pragma once

#include "cap.h"
#include "exo/abi/upcall.h"
#include "fpu.h"

struct env {
    uint32_t pfn, frames; /* 3 frames: with an I/O bitmap in the second and third */
    uint32_t table;       /* pfn of the table that it is bound to; 0: it has ended */
    uint32_t root;        /* pfn of its level-4 table; 0: none. It may have ended since: ask env_root */
    uint32_t root_id;     /* which table in that frame it is */
    uint32_t vcpus;       /* list by vcpu->next */
    uint32_t next, prev;  /* environments of the table */
    uint32_t keeper;      /* pfn of the vCPU to ring when one of its own has faulted for good; 0: none */
    uint32_t keeper_bit;
    uint64_t keeper_id;   /* that vCPU's id: the frame may be another one's by then */
    uint32_t keeper_epoch; /* and its ring_epoch: the right to ring it may be lost by then */
    uint32_t ports_epoch; /* of the table, when the bitmap was last right */
    uint32_t port_begin, port_end; /* bytes of the bitmap outside which it is all ones */
    bool stopped;         /* it faulted for good without a keeper */
};

enum vcpu_state { VCPU_STOPPED, VCPU_READY, VCPU_WAITING, VCPU_FAULTED };

struct vcpu {
    struct exo_regs regs; /* while it does not run */
    uint64_t fs_base, gs_base;
    uint64_t entry, syscall_entry, nested_entry, stack, nested_stack;
    struct exo_vcpu_page *page; /* in the direct map; NULL: not configured */
    uint32_t page_table;        /* pfn of the capability table whose frame the page is */
    uint64_t id;                /* never used twice */
    uint64_t wake_at, timer_at; /* TSC; 0: none */
    uint64_t debt;              /* ticks that it ran beyond its slices */
    uint64_t slot_over;         /* until this TSC its own slot is used up */
    uint32_t ring_epoch;        /* grows when a capability to ring it goes */
    uint32_t pfn, env;          /* env = 0: it has ended */
    uint32_t next, prev;        /* vCPUs of the environment */
    uint8_t state;
    _Alignas(64) uint8_t fpu[FPU_AREA_MAX];
};
_Static_assert(sizeof(struct vcpu) <= 4096, "one frame");

/* Makes the objects; the frames are zeroed and typed by the caller. */
void env_init(uint32_t pfn, uint32_t count, struct table *t);
void vcpu_init(uint32_t pfn, struct env *env);
void env_set_root(struct env *env, uint32_t root);
/* Its level-4 table, if that is still one. */
uint32_t env_root(const struct env *env);

/* Ends them. env_end takes one vCPU a call: true when it is done. The frames stay typed. */
bool env_end(struct env *env);
void vcpu_end(struct vcpu *v);

/* The vCPU cannot go on (regs say why): its keeper is rung, or its environment ends. */
void vcpu_fault(struct vcpu *v);
void vcpu_unpin(struct vcpu *v);
/* Sets bits of the pending word. */
void vcpu_ring(struct vcpu *v, uint64_t bits);
/* Enabled events are pending. */
bool vcpu_has_events(const struct vcpu *v);

void env_refresh_ports(struct env *env);
/* Closes or opens ports in the environment's bitmap. */
void env_ports(struct env *env, uint32_t first, uint32_t count, bool on);
static inline uint8_t *env_bitmap(struct env *env) {
    return env->frames == 3 ? (uint8_t *)env + 4096 : NULL;
}
