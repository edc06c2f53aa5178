/* SPDX-License-Identifier: MIT
 *
 * Scripts: a file that begins with "#!" names the program that is to run, and takes
 * its place among that one's arguments.
 */
#include "posix/linux.h"
#include "proc/exec.h"

#define LINE_MAX 256
#define NESTING_MAX 5

/* Puts the interpreter, its argument (or NULL) and the script before the arguments; what
 * a script had put there has its first word, the script itself, replaced. */
static int prefix_add(struct exec_image *im, const char *interpreter, const char *argument)
{
	const char *item[3] = { interpreter, argument ? argument : im->path, argument ? im->path : NULL };
	uint32_t keep = im->prefix_count ? (uint32_t)strlen(im->prefix) + 1 : 0, n = 0, left = im->prefix_used - keep;

	for (int i = 0; i < 3 && item[i]; i++)
		n += (uint32_t)strlen(item[i]) + 1;
	if (n + left > EXEC_PREFIX)
		return -E2BIG;
	memmove(im->prefix + n, im->prefix + keep, left);
	im->prefix_used = n + left;
	im->prefix_count -= im->prefix_count ? 1 : 0;
	n = 0;
	for (int i = 0; i < 3 && item[i]; i++) {
		memcpy(im->prefix + n, item[i], strlen(item[i]) + 1);
		n += (uint32_t)strlen(item[i]) + 1;
		im->prefix_count++;
	}
	return 0;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Splits "#! program argument"; the argument is the rest of the line. */
static int parse(struct exec_image *im, char *line, long n)
{
	char *program = line + 2, *argument, *end = line;

	while (end < line + n && *end && *end != '\n')
		end++;
	if (end == line + LINE_MAX)
		return -ENOEXEC;
	while (end > program && blank(end[-1]))
		end--;
	*end = 0;
	while (blank(*program))
		program++;
	for (argument = program; *argument && !blank(*argument);)
		argument++;
	if (*argument)
		*argument++ = 0;
	while (blank(*argument))
		argument++;
	if (!*program)
		return -ENOEXEC;
	if (prefix_add(im, program, *argument ? argument : NULL) < 0)
		return -E2BIG;
	memcpy(im->path, program, strlen(program) + 1);
	return 0;
}

int script_open(struct exec_image *im)
{
	char line[LINE_MAX + 1];
	int error;
	long n;

	for (int depth = 0; depth < NESTING_MAX; depth++) {
		im->file = file_open_exec(im->path, &error);
		if (!im->file)
			return error;
		n = file_read(im->file, line, LINE_MAX, 0);
		if (n < 0)
			return (int)n;
		if (n < 2 || line[0] != '#' || line[1] != '!')
			return 0;
		line[n] = 0;
		file_unref(im->file);
		im->file = NULL;
		error = parse(im, line, n);
		if (error)
			return error;
	}
	return -ELOOP;
}
