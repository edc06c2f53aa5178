/* SPDX-License-Identifier: MIT */
/* What the compiler may call by itself (string.asm). */
#pragma once

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
