/* SPDX-License-Identifier: MIT
 *
 * The note by which exec knows a program that brings its own libOS.
 */
#include "note.h"

__attribute__((section(".note.exo"), used, aligned(4)))
static const struct exo_note note = {
	.name_size = sizeof note.name, .desc_size = sizeof note.hash + sizeof note.version,
	.type = EXO_NOTE_TYPE, .name = EXO_NOTE_NAME,
	.hash = EXO_LAYOUT_HASH, .version = EXO_ABI_VERSION,
};
