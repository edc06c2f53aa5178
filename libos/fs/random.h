/* SPDX-License-Identifier: MIT */
#ifndef LIBOS_RANDOM_H
#define LIBOS_RANDOM_H
#include "vfs/vfs.h"

void random_init(void);                  /* once, in the first process          */
int random_put(struct io *, size_t n);   /* 0 or -EFAULT; never in a section     */
#endif
