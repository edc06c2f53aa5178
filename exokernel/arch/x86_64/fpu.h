/* SPDX-License-Identifier: MIT */
/* Vector state, moved whole between the registers and an area of FPU_AREA_MAX bytes, aligned to 64. */
#pragma once

#include <stdint.h>

#define FPU_AREA_MAX 2752 /* through AVX-512 and PKRU, in whole cache lines */

extern uint32_t fpu_area_size; /* what the CPU uses of an area */
extern uint64_t fpu_mask;      /* XCR0; 0 without XSAVE */

/* On each CPU. */
void fpu_init(void);

/* The state of a fresh process. An area holds something only after fpu_init_area or fpu_save. */
void fpu_init_area(void *area);
void fpu_save(void *area);
void fpu_restore(const void *area);
