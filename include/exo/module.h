/* SPDX-License-Identifier: MIT
 *
 * For a source file that is a part of the libOS, in place of one of the library's or
 * beside it: include this first. It makes the library's names right and compiles what
 * follows as the library is compiled, for such code may run in an upcall, where the
 * program's vector registers are still in place.
 *
 * It may also run where the application is not: while exec puts another image in place,
 * and in page faults themselves. The application's pages come when they are touched;
 * objects that are named NAME.exo.o are put beside the library by exo.ld, where they
 * are present from the start.
 *
 *     exo-gcc -O2 -c policy.exo.c && exo-gcc -O2 main.c policy.exo.o -o program
 */
#ifndef EXO_MODULE_H
#define EXO_MODULE_H
#include <exo/names.h>

#pragma GCC target("general-regs-only")
#pragma GCC optimize("no-tree-loop-distribute-patterns", "no-stack-protector")
#endif
