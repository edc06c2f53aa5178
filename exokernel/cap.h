/* SPDX-License-Identifier: MIT */
/* Capabilities, their tables, and the derivation tree.
 *
 * The tree is one doubly linked list in preorder: what is derived from a capability follows it, deeper, up to the
 * next one that is not deeper. So inserting a child and finding a first leaf take bounded time, and nothing ever
 * walks the whole tree. Only leaves are deleted; a deletion that cannot be done in one bounded step marks the leaf
 * dying (it is then refused everywhere) and goes on at the next call. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exo/abi/errors.h"
#include "exo/abi/rights.h"
#include "exo/abi/types.h"

enum { CAP_OBJECT = EXO_CAP_OBJECT, CAP_REVOKING = EXO_CAP_REVOKING, CAP_DYING = 16, CAP_MAPPED = 32, CAP_SWEPT = 64 };

struct cap {
    uint64_t base, count;
    struct cap *parent, *next, *prev; /* NULL while the slot is empty; a root has no parent */
    uint32_t generation;              /* of the capability that is or will be here; 0: the slot is worn out */
    uint16_t rights;
    uint8_t type; /* 0: empty */
    uint8_t depth;
    uint32_t table; /* pfn of the table that it is in */
    uint16_t flags;
    uint16_t reserved;
    uint64_t cursor; /* how far its deletion has come */
};
_Static_assert(sizeof(struct cap) == 4096 / EXO_CAPS_PER_FRAME, "slots fill frames");

/* The head of a table, in the place of its first slots. */
struct table {
    uint32_t pfn, frames;
    uint32_t slots; /* slots [EXO_TABLE_HEAD, slots) are usable */
    uint32_t envs;  /* environments bound to it (list by env->next) */
    uint32_t page_tables;  /* list by frame->next */
    uint32_t sweep_next;   /* page table at which the running sweep goes on */
    struct cap *sweep_cap; /* for whom; NULL: no sweep is running */
    uint32_t ending;       /* it is being taken down and takes no capability */
    uint32_t cursor;       /* slot at which that goes on */
    uint32_t ports_epoch;  /* grows when it loses I/O ports */
    struct table *above, *below; /* other ending tables */
    struct cap *object;    /* its own capability; NULL: the first table, which stays */
};
_Static_assert(sizeof(struct table) <= EXO_TABLE_HEAD * sizeof(struct cap), "the head fits");

static inline struct cap *table_slot(struct table *t, uint32_t slot) {
    return (struct cap *)t + slot;
}

/* Sets up a zeroed table of `frames` frames at t. */
void table_init(struct table *t, uint32_t pfn, uint32_t frames);

/* Resolves a handle of any type: 0 and *out, or the error. */
static inline int cap_any(struct table *t, exo_cap_t handle, struct cap **out) {
    uint32_t slot = EXO_HANDLE_SLOT(handle);
    struct cap *c = table_slot(t, slot);

    if (slot < EXO_TABLE_HEAD || slot >= t->slots)
        return -EXO_EBADCAP;
    if (c->generation != EXO_HANDLE_GEN(handle))
        return -EXO_ESTALE;
    if (!c->type || (c->flags & CAP_DYING))
        return -EXO_EBADCAP;
    *out = c;
    return 0;
}

/* The same where the type and all of `rights` must be there. */
static inline int cap_lookup(struct table *t, exo_cap_t handle, uint8_t type, uint16_t rights, struct cap **out) {
    struct cap *c;
    int error = cap_any(t, handle, &c);

    if (error)
        return error;
    if (c->type != type)
        return -EXO_ETYPE;
    if (rights & ~c->rights)
        return -EXO_EPERM;
    *out = c;
    return 0;
}

/* Whether [base, base + count) is not empty, does not wrap and lies within the capability. */
static inline bool cap_covers(const struct cap *c, uint64_t base, uint64_t count) {
    return count && count <= c->count && base - c->base <= c->count - count; /* a base below c->base wraps to a large one */
}
exo_cap_t cap_handle(const struct cap *c);

/* Whether a child of src may be made in slot `slot` of dst: 0 or the error. After 0, cap_insert cannot fail. */
int cap_can_insert(struct cap *src, struct table *dst, uint64_t slot);
/* Makes the child there, without flags; of another type than src if an object is made of frames. */
struct cap *cap_insert(struct cap *src, struct table *dst, uint32_t slot, uint8_t type, uint64_t base, uint64_t count, uint16_t rights);
/* Makes a root, at boot; fails where cap_can_insert would. */
struct cap *cap_insert_root(struct table *dst, uint32_t slot, uint8_t type, uint64_t base, uint64_t count, uint16_t rights);

bool cap_has_children(const struct cap *c);
/* One bounded step towards deleting c and what is derived from it: true if c is gone. */
bool cap_delete_step(struct cap *c);
/* The same, but spares c: true if nothing is derived from it any more. */
bool cap_revoke_step(struct cap *c);

/* What a capability stood for is taken back, one bounded step a call: true when it is all done. (release.c) */
bool cap_release(struct cap *leaf);
/* Ends the environments bound to an ending table, one a call: true when there are none. (env.c) */
bool table_end_envs(struct table *t);
