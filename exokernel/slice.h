/* SPDX-License-Identifier: MIT */
/* The arithmetic of slice vectors: time, slots and whose turn it is. Nothing here knows what a vCPU is. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "exo/abi/info.h"

struct slice_clock {
    uint64_t base, ticks; /* TSC at which slot 0 first began; length of a slot */
};

struct slice_choice {
    uint32_t vcpu; /* 0: nobody */
    bool own;      /* it is its own slot */
    uint64_t end;  /* TSC */
};

/* Slots since the base. */
uint64_t slice_number(const struct slice_clock *clock, uint64_t now);
/* Whose turn it is: the slot's own vCPU, else the next of the vector that can run, and `last` only if nobody else can.
   `can_run(vcpu, own, now)` is asked at most twice for a slot. */
struct slice_choice slice_pick(const struct slice_clock *clock, const struct exo_slot *slots, uint64_t now, uint32_t last,
                               bool (*can_run)(uint32_t vcpu, bool own, uint64_t now));
