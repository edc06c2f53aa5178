/* SPDX-License-Identifier: MIT */
#ifndef LIBOS_SCREEN_H
#define LIBOS_SCREEN_H
/* Draws the boot's summary on the screen, if the machine has one: the phases with
 * their times, the CPU, the memory. */
void screen_summary(void);
#endif
