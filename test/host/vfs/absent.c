/* SPDX-License-Identifier: MIT
 *
 * What is in the table and belongs to other modules: a weak handler for every
 * number, which the real ones replace.
 */
#define SYSCALL(number, name) __attribute__((weak)) long sys_##name(void) { return -38; }
#include "posix/syscalls.def"
