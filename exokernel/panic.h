/* SPDX-License-Identifier: MIT */
/* The end of the kernel: by a mistake of its own, or because the machine is to stop. */
#pragma once

#include <stdint.h>

struct exo_regs;

_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* An exception in ring 0: the registers too. */
_Noreturn void panic_regs(const struct exo_regs *frame);

/* Drains the log, then ends QEMU (status `value` << 1 | 1, by isa-debug-exit at 0xf4) or Bochs, else halts. */
_Noreturn void machine_stop(uint8_t value);

#ifdef NDEBUG
#define ASSERT(condition) ((void)sizeof(condition))
#else
#define ASSERT(condition) ((condition) ? (void)0 : panic("%s:%d: %s", __FILE__, __LINE__, #condition))
#endif
