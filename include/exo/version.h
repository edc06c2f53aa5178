/* SPDX-License-Identifier: MIT */
#ifndef EXO_VERSION_H
#define EXO_VERSION_H
#define EXO_VERSION "0.1"
#define EXO_LINUX_RELEASE "6.1.0-exo" /* what uname tells: the ABI that is followed */
#endif
