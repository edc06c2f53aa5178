/* SPDX-License-Identifier: MIT
 *
 * The ELF note of a program that is linked with libexo-os.
 */
#ifndef LIBOS_NOTE_H
#define LIBOS_NOTE_H
#include "core.h"

#define EXO_NOTE_NAME "Exo-OS"
#define EXO_NOTE_TYPE 1

struct exo_note {
	uint32_t name_size, desc_size, type;
	char name[sizeof EXO_NOTE_NAME];
	char pad[(4 - sizeof EXO_NOTE_NAME % 4) % 4];
	uint64_t hash;          /* EXO_LAYOUT_HASH                               */
	uint32_t version;       /* EXO_ABI_VERSION                               */
} __attribute__((packed));
extern const struct exo_note exo_note;
#endif
