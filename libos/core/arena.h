/* SPDX-License-Identifier: MIT
 *
 * The arena: state that the application's processes share and that survives exec,
 * mapped at EXO_ARENA in all of them. Each module keeps its part in a struct of its
 * own; only ids and pointers into the window or the arena may be stored there.
 */
#ifndef LIBOS_ARENA_H
#define LIBOS_ARENA_H
#include "core.h"

#define ARENA_MAPPED (512u << 10)       /* bytes that are mapped at boot           */

enum arena_part { ARENA_PROC, ARENA_POOL, ARENA_VM, ARENA_VFS, ARENA_FS, ARENA_TTY,
	ARENA_POSIX, ARENA_DRIVERS, ARENA_PARTS };

/* The part of that name: zeroed when it is first asked for, then always at the
 * same address, 64-byte aligned; size must stay the same. Panics when full. */
void *arena_part(enum arena_part part, size_t size);

/* ---- for libos/core only ---------------------------------------------------- */
#define ARENA_FRAME_CAPS 256
#define ARENA_OTHER_CAPS 128
#define ARENA_SLOTS      65536          /* of the capability table, at most        */
#define ARENA_IRQS       (64 - EXO_EV_FIRST_BELL)

struct known_cap { uint64_t base, count; exo_cap_t cap; uint16_t type, rights; };

struct arena {
	uint64_t magic, hash;
	struct lock lock;               /* guards what follows, but for `used`      */
	uint32_t used;                  /* bytes given out                          */
	struct { uint32_t offset, size; } part[ARENA_PARTS];
	uint32_t slots, slot_hint;      /* of the capability table                  */
	uint64_t slot_used[ARENA_SLOTS / 64];
	uint32_t frame_caps, other_caps;
	struct known_cap frame_cap[ARENA_FRAME_CAPS];   /* by base                  */
	struct known_cap other_cap[ARENA_OTHER_CAPS];
	uint32_t irq_source[ARENA_IRQS];/* of a bell: source + 1, 0: bell is free   */
	struct lock log;                /* a line at a time                         */
	int64_t real_offset;            /* of the clock: read once, 0: not yet      */
	uint64_t random;                /* state of the generator                   */
};
#define ARENA ((struct arena *)EXO_ARENA)

/* start.c -> caps.c: takes the slots of the table and what is in them. */
void caps_init(void);
/* Makes a capability known to cap_find. */
void cap_note(uint32_t type, uint64_t base, uint64_t count, uint32_t rights, exo_cap_t cap);
#endif
