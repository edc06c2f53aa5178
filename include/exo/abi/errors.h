/* SPDX-License-Identifier: MIT
 *
 * enum exo_error: the numbers of errors.def.
 */
#ifndef EXO_ABI_ERRORS_H
#define EXO_ABI_ERRORS_H

enum exo_error {
#define ERR(name, number, text) name = number,
#include "errors.def"
#undef ERR
};

#endif
