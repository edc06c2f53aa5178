/* SPDX-License-Identifier: MIT */
/* Short ways to make the exokernel calls in a test; all handles are those of the acting table. */
#pragma once

#include "check.h"
#include "machine.h"
#include "syscall.h"

/* sys_create, after which the machine is settled. */
long make_object(exo_cap_t table, exo_cap_t from, uint64_t pfn, uint64_t kind, uint64_t slot, exo_cap_t arg);
/* Makes it of RAM in the first table, or fails the test; returns its handle. */
exo_cap_t create(unsigned kind, uint64_t frames, uint64_t pfn, uint32_t slot, exo_cap_t arg);
exo_cap_t derive(exo_cap_t src, uint64_t base, uint64_t count, uint64_t rights, exo_cap_t table, uint64_t slot);

/* One entry: 1 or the error. */
long set_entry(exo_cap_t pt, exo_cap_t object, uint32_t index, uint64_t value);
long clone_table(exo_cap_t to, exo_cap_t from, uint64_t flags);
/* Present entries. */
#define PAGE(pfn, flags) ((uint64_t)(pfn) << 12 | EXO_P | (flags))

/* To the end, however many calls it takes: 0 or the first error that is not EXO_EAGAIN. */
long revoke_all(exo_cap_t cap);
long drop_all(exo_cap_t table, exo_cap_t cap);

struct cap *cap_of(struct table *t, exo_cap_t handle);
