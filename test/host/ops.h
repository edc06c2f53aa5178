/* SPDX-License-Identifier: MIT */
/* Random exokernel calls: mostly sensible ones, chosen by looking at what is there, some wrong in one argument. */
#pragma once

#include "audit.h"

enum op_kind { OP_DERIVE, OP_DROP, OP_REVOKE, OP_CREATE, OP_UPDATE, OP_CONFIG, OP_ROOT, OP_BIND, OP_KINDS };

struct op {
    enum op_kind kind;
    struct table *by;  /* the table of the environment that makes the call */
    uint64_t a[6];     /* arguments in the order of the call; pointers are filled in by op_run */
    struct exo_pte batch[8];
    struct exo_vcpu_config config;
};

extern const char *const op_names[OP_KINDS];

void op_random(struct op *op);
/* Makes the call once; EXO_EAGAIN is passed on. */
long op_run(const struct op *op);
/* Whether include/exo/abi/syscalls.def names this error for the call. */
bool op_documents(enum op_kind kind, long error);
