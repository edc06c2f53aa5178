/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

/* Unbinds the slots of [first, first + count) that `table` bound (0: any) to `vcpu` (0: any). */
void slices_unbind(uint64_t first, uint64_t count, uint32_t table, uint32_t vcpu);
