/* SPDX-License-Identifier: MIT */
/* The calls of include/exo/abi/syscalls.def. Each sys_ function first checks all that can be wrong, then commits. */
#pragma once

#include "cap.h"
#include "exo/abi/types.h"
#include "exo/abi/upcall.h"

#define CALL0(nr, name, ...) long sys_##name(void);
#define CALL1(nr, name, t1, a1, ...) long sys_##name(t1 a1);
#define CALL2(nr, name, t1, a1, t2, a2, ...) long sys_##name(t1 a1, t2 a2);
#define CALL3(nr, name, t1, a1, t2, a2, t3, a3, ...) long sys_##name(t1 a1, t2 a2, t3 a3);
#define CALL4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, ...) long sys_##name(t1 a1, t2 a2, t3 a3, t4 a4);
#define CALL5(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, ...) long sys_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5);
#define CALL6(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6, ...) \
    long sys_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6);
#include "exo/abi/syscalls.def"
#undef CALL0
#undef CALL1
#undef CALL2
#undef CALL3
#undef CALL4
#undef CALL5
#undef CALL6

/* The table of the running environment. */
struct table *own_table(void);
/* The table that a call acts for: 0 is the own one. */
int acting_table(exo_cap_t handle, uint16_t rights, struct table **out);
/* The object of an ENV or VCPU capability, or -EXO_EDEAD if it has ended. */
struct env;
struct vcpu;
int lookup_env(struct table *t, exo_cap_t handle, struct env **out);
int lookup_vcpu(struct table *t, exo_cap_t handle, uint16_t rights, struct vcpu **out);
