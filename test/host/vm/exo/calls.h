/* SPDX-License-Identifier: MIT
 *
 * In place of include/exo/calls.h: the exokernel's calls as functions, which mock.c
 * defines.
 */
#ifndef EXO_CALLS_H
#define EXO_CALLS_H
#include "../../../../include/exo/abi/info.h"
#include "../../../../include/exo/abi/rights.h"
#include "../../../../include/exo/abi/types.h"
#include "../../../../include/exo/abi/upcall.h"

enum exo_error {
#define ERR(name, number, text) name = number,
#include "../../../../include/exo/abi/errors.def"
#undef ERR
};
long exo_cap_drop(exo_cap_t table, exo_cap_t cap);
long exo_create(exo_cap_t table, exo_cap_t frames, uint64_t pfn, uint64_t kind, uint64_t slot, exo_cap_t arg);
long exo_pte_update(exo_cap_t table, const struct exo_pte *batch, uint64_t n, uint64_t flags);
#endif
