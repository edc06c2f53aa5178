/* SPDX-License-Identifier: MIT */
#ifndef LIBOS_POWER_H
#define LIBOS_POWER_H
/* Ends the machine with an exit status (0 to 255), which the verdict line tells. */
_Noreturn void power_off(int status);
#endif
