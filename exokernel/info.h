/* SPDX-License-Identifier: MIT */
/* The information pages (include/exo/abi/info.h), and the constants of the clock that are shown there. */
#pragma once

#include <stdint.h>

#include "exo/abi/info.h"

extern uint64_t slot_ticks, grace_ticks;

/* Fills the pages at `info` and those of the CPUs that follow, once everything but `first` is known. */
void info_init(struct exo_info *info);
