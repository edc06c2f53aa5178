/* SPDX-License-Identifier: MIT
 *
 * Between the line discipline (tty.c) and the terminal as a file (tty_file.c).
 * All of it with tty->lock held.
 */
#ifndef LIBOS_TTY_H
#define LIBOS_TTY_H
#include "vfs/vfs.h"

unsigned tty_cook(struct tty *, char c, char out[2]);
void tty_retype(struct tty *);
size_t tty_take(struct tty *, char *buf, size_t n, bool *end);
#endif
