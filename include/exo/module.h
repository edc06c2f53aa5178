/* SPDX-License-Identifier: MIT
 *
 * For a source file that is a part of the libOS, in place of one of the library's or
 * beside it: include this first. It makes the library's names right and compiles what
 * follows as the library is compiled, for such code may run in an upcall, where the
 * program's vector registers are still in place.
 *
 * The application's own pages come when they are touched, and in a critical section a
 * fault is the slow way. What must be there from the start, as anything that page
 * faults themselves need, goes beside the library: exo.ld puts objects there that are
 * named NAME.exo.o.
 *
 *     exo-gcc -O2 -c pager.exo.c && exo-gcc -O2 main.c pager.exo.o -o program
 */
#ifndef EXO_MODULE_H
#define EXO_MODULE_H
#include <exo/names.h>

#pragma GCC target("general-regs-only")
#pragma GCC optimize("no-tree-loop-distribute-patterns", "no-stack-protector")
#endif
