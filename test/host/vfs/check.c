/* SPDX-License-Identifier: MIT
 *
 * Results, a line each.
 */
#include "shim.h"

int printf(const char *, ...);
int strcmp(const char *, const char *);

static const char *current = "start";
static int failed, failures;

void check(bool ok, const char *text, const char *file, int line)
{
	if (ok)
		return;
	printf("FAIL %s: %s:%d: %s\n", current, file, line, text);
	failed++;
	failures++;
}

static void end_test(void)
{
	if (!failed && strcmp(current, "start"))
		printf("PASS %s\n", current);
	failed = 0;
}

void begin(const char *test)
{
	end_test();
	current = test;
}

int finish(void)
{
	end_test();
	return failures != 0;
}
