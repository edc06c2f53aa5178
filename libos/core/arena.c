/* SPDX-License-Identifier: MIT
 *
 * The arena is given out from its start and never back: its parts live as long as
 * the application.
 */
#include "arena.h"

#define ALIGN 64u

void *arena_part(enum arena_part part, size_t size)
{
	struct arena *a = ARENA;

	if (!a->part[part].size) {
		if (!a->used)
			a->used = (sizeof *a + ALIGN - 1) & -ALIGN;
		if (size > ARENA_MAPPED - a->used)
			libos_panic("the arena has no room for part %d of %zu bytes", (int)part, size);
		a->part[part].offset = a->used;
		a->part[part].size = (uint32_t)size;
		a->used += ((uint32_t)size + ALIGN - 1) & -ALIGN;
	}
	return (char *)a + a->part[part].offset;
}
