/* SPDX-License-Identifier: MIT */
/* The only way in which ring 0 touches user memory (usercopy.asm). A page fault on the way, whether nothing is mapped,
   it is read-only or its protection key forbids it, ends the copy. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0 or -EXO_EFAULT; what was copied before a fault stays copied. */
int copy_from_user(void *to, const void *user, size_t n);
int copy_to_user(void *user, const void *from, size_t n);

/* Sends a fault at *rip within the copy to its error exit; false if it came from elsewhere. */
bool usercopy_fixup(uint64_t *rip);
