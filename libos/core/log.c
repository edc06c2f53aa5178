/* SPDX-License-Identifier: MIT
 *
 * The log goes out on COM1, polled, so that it works at any point; and the end by
 * a mistake of the libOS.
 */
#include "arena.h"
#include "io.h"
#include <stdarg.h>

#define COM1 0x3f8
#define LSR  (COM1 + 5)
#define THRE 0x20       /* room for a byte     */
#define TEMT 0x40       /* all bytes are out   */
#define DEBUG_EXIT 0xf4
#define BOCHS_EXIT 0x8900
#define FAILURE 0x7f

static bool log_open;

void log_init(void)
{
	log_open = ports_open(COM1, 8) == 0;
}

static void wait(uint8_t bit)
{
	for (uint32_t tries = 1u << 20; tries && !(inb(LSR) & bit); tries--)
		__asm__ volatile("pause");
}

static void put(const char *s)
{
	for (; *s; s++) {
		if (*s == '\n') {
			wait(THRE);
			outb(COM1, '\r');
		}
		wait(THRE);
		outb(COM1, (uint8_t)*s);
	}
}

void log_printf(const char *fmt, ...)
{
	char line[512];
	va_list args;

	if (!log_open)
		return;
	va_start(args, fmt);
	vformat(line, sizeof line, fmt, args);
	va_end(args);
	lock_take(&ARENA->log);
	put(line);
	lock_drop(&ARENA->log);
}

static _Noreturn void stop(void)
{
	wait(TEMT);
	if (ports_open(DEBUG_EXIT, 1) == 0)
		outb(DEBUG_EXIT, FAILURE);
	if (ports_open(BOCHS_EXIT, 1) == 0)
		for (const char *c = "Shutdown"; *c; c++)
			outb(BOCHS_EXIT, (uint8_t)*c);
	for (;;)
		exo_yield(0, EXO_YIELD_WAIT, 0);
}

/* Takes no lock: the panic may have come from under any. */
_Noreturn void libos_panic(const char *fmt, ...)
{
	static bool panicking;
	char line[512];
	va_list args;

	if (!log_open || panicking)
		stop();
	panicking = true;
	va_start(args, fmt);
	vformat(line, sizeof line, fmt, args);
	va_end(args);
	put("\nexo: verdict panic libOS: ");
	put(line);
	put("\n");
	stop();
}

const struct exo_info *info(void)
{
	return (const struct exo_info *)EXO_INFO_BASE;
}

const char *boot_option(const char *name, char *buf, size_t size)
{
	const char *p = info()->cmdline;
	size_t n = strlen(name), i;

	for (;;) {
		while (*p == ' ')
			p++;
		if (!*p)
			return NULL;
		if (!memcmp(p, name, n) && (p[n] == '=' || p[n] == ' ' || !p[n]))
			break;
		while (*p && *p != ' ')
			p++;
	}
	p += p[n] == '=' ? n + 1 : n;
	for (i = 0; i + 1 < size && p[i] && p[i] != ' '; i++)
		buf[i] = p[i];
	buf[i] = 0;
	return buf;
}
