/* SPDX-License-Identifier: MIT
 *
 * The libOS's own names of the memory functions.
 */
#include <string.h>

void *exo_memset(void *to, int c, size_t n)
{
	return memset(to, c, n);
}

void *exo_memcpy(void *to, const void *from, size_t n)
{
	return memcpy(to, from, n);
}
