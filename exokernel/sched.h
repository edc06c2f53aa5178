/* SPDX-License-Identifier: MIT */
/* Who runs on this CPU. The slice vector says whose turn it is; there is no other policy. */
#pragma once

#include "env.h"

/* Before the slow return to ring 3: switches, delivers events and sets the timer. *regs is the current vCPU's state;
   afterwards it is that of the one that runs next. */
void sched_exit(struct exo_regs *regs);
/* The same at boot, when nothing has run: does not return. */
_Noreturn void sched_start(void);

/* The current vCPU gives up its slice, to `target` or (NULL) to whom the vector names. */
void sched_yield(struct vcpu *target);
/* Something changed that may make a vCPU runnable or interrupt the current one. */
void sched_look_again(void);
/* It runs no more, here or anywhere. */
void sched_forget(struct vcpu *v);
/* It does not run now; its registers are in v->regs. */
void sched_stop(struct vcpu *v);
/* A root table that is about to be taken apart. */
void sched_root_gone(uint32_t root);
/* Of the environment in that frame; 0: of any. */
void sched_ports_changed(uint32_t env);
/* The vCPU's configuration was changed. */
void sched_reload(struct vcpu *v);
bool vcpu_runnable(struct vcpu *v, uint64_t now);
