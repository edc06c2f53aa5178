/* SPDX-License-Identifier: MIT
 *
 * The note by which exec knows a program that brings its own libOS.
 */
#include "note.h"

__attribute__((section(".note.exo"), used, aligned(4)))
const struct exo_note exo_note = {      /* named by exo.ld, which so pulls it in */
	.name_size = sizeof exo_note.name, .desc_size = sizeof exo_note.hash + sizeof exo_note.version,
	.type = EXO_NOTE_TYPE, .name = EXO_NOTE_NAME,
	.hash = EXO_LAYOUT_HASH, .version = EXO_ABI_VERSION,
};
