/* SPDX-License-Identifier: MIT */
/* The log, on COM1. Screens are the libOS's. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

/* %s %c %d %u %x %ld %lu %lx %p %%, with a width; it may begin with 0: filled with zeros. */
void kprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void kvprintf(const char *format, va_list args);

/* arch/x86_64/serial.c */
void serial_init(void);
void serial_putc(char c);
void serial_drain(void);

/* The first of all that was printed, for the information page. */
#define KERNEL_LOG_SIZE 2048
extern char kernel_log[KERNEL_LOG_SIZE];
