/* SPDX-License-Identifier: MIT */
/* The boot phases, kept for the information page. */
#pragma once

#include <stdint.h>

#include "exo/abi/info.h"

extern struct exo_phase boot_phases[EXO_PHASES_MAX];
extern uint32_t boot_phase_count;

/* A phase has ended: recorded, and printed once the TSC's rate is known. */
void boot_phase(const char *name);

/* Takes over when the machine is set up: hands everything to the first environment. */
_Noreturn void first_env(void);
