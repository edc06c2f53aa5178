/* SPDX-License-Identifier: MIT
 *
 * Bytes and strings. `rep` is one instruction to write and quick for the sizes
 * that matter, frames; short copies the compiler does by itself.
 */
#include "core.h"

void *memcpy(void *to, const void *from, size_t n)
{
	void *d = to;
	size_t words = n >> 3, rest = n & 7;

	__asm__ volatile("rep movsq" : "+D"(d), "+S"(from), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(rest) : : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	char *d = (char *)to + n;
	const char *s = (const char *)from + n;

	if ((uint64_t)to - (uint64_t)from >= n)
		return memcpy(to, from, n);
	while (n--)
		*--d = *--s;
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	void *d = to;
	size_t words = n >> 3, rest = n & 7;
	uint64_t fill = (uint8_t)byte * 0x0101010101010101ul;

	__asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(fill) : "memory");
	__asm__ volatile("rep stosb" : "+D"(d), "+c"(rest) : "a"(fill) : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] - y[i];
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (uint8_t)*a - (uint8_t)*b;
}
