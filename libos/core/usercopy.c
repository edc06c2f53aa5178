/* SPDX-License-Identifier: MIT
 *
 * Application memory: checked against the window, then touched by the few
 * instructions of usercopy.asm, whose faults are answered with -EFAULT.
 */
#include "core.h"
#include "posix/linux.h"

int copy_bytes(void *to, const void *from, size_t n);
long copy_text(char *to, const char *from, size_t n);

bool user_range(const void *p, size_t n)
{
	uint64_t start = (uint64_t)p;

	return start <= EXO_WINDOW && n <= EXO_WINDOW - start;
}

int copy_in(void *dst, const void *user, size_t n)
{
	return user_range(user, n) ? copy_bytes(dst, user, n) : -EFAULT;
}

int copy_out(void *user, const void *src, size_t n)
{
	return user_range(user, n) ? copy_bytes(user, src, n) : -EFAULT;
}

long copy_string(char *dst, const char *user, size_t size)
{
	size_t room;
	long n;

	if (!user_range(user, 0))
		return -EFAULT;
	room = EXO_WINDOW - (uint64_t)user;
	n = copy_text(dst, user, size < room ? size : room);
	if (n < 0 || (size_t)n < size)
		return n;
	return size < room ? -ENAMETOOLONG : -EFAULT;
}
